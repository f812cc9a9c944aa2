import { expect, test } from '../support/pair.ts';

test('a child with two pairs goes from one to the other by the switcher', async ({ somebody, pairUp }) => {
  const child = await somebody('민지');
  const mother = await pairUp({ child, parent: '순자' });
  const father = await pairUp({ child, parent: '영호' });
  await mother.parent.answer(mother.id, '골목에서 고무줄을 했지.');
  const { page } = child;

  await page.goto(mother.at('today'));
  await expect(page.getByText('엄마는 벌써 답했어요.')).toBeVisible();
  await page.getByLabel('다른 짝으로 바꾸기').click();
  await expect(page.getByRole('link', { name: '엄마와 나' })).toHaveAttribute('aria-current', 'page');
  await page.getByRole('link', { name: '아빠와 나' }).click();

  await expect(page).toHaveURL(father.at('today'));
  await expect(page.getByText('둘 다 답하면 카드가 열려요.')).toBeVisible();
  await expect(page.getByText('엄마는 벌써 답했어요.')).toHaveCount(0);
  await page.goto('/');
  const pairs = page.getByRole('list', { name: '나의 짝' });
  await expect(pairs.getByRole('link')).toHaveCount(2);
  await expect(pairs.getByRole('link', { name: '엄마와 나' })).toBeVisible();
  await expect(pairs.getByRole('link', { name: '아빠와 나' })).toBeVisible();
});

test('whoever is alone in one pair has no switcher', async ({ pairUp }) => {
  const pair = await pairUp();
  await pair.parent.page.goto(pair.at('today'));
  await expect(pair.parent.page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(pair.parent.page.getByLabel('다른 짝으로 바꾸기')).toHaveCount(0);
});

test('leaving closes the pair in the open page of the other, who keeps the cards and their own answers', async ({
  pairUp,
  clock,
}) => {
  const pair = await pairUp({ pushTime: await clock.minute() });
  await pair.complete('골목에서 고무줄을 했지.', '운동장 뒤 등나무 벤치요.');
  await clock.nextDay();
  await pair.child.answer(pair.id, '만화책을 봤던 밤이요.');
  const [child, parent] = [pair.child.page, pair.parent.page];
  await pair.child.open(pair.at('today'));

  await parent.goto(pair.at('settings/us'));
  const drawer = parent.getByRole('group').filter({ hasText: '짝을 마치면 되돌릴 수 없어요.' });
  await drawer.getByText('짝 마치기').first().click();
  await drawer.getByRole('button', { name: '짝 마치기' }).click();
  await expect(parent.getByText('아래 칸에 표시해야 짝을 마칠 수 있어요.')).toBeVisible();
  await drawer.getByLabel('정말 이 짝을 마칠게요.').check();
  await drawer.getByRole('button', { name: '짝 마치기' }).click();
  await expect(parent.getByText('마친 짝이에요')).toBeVisible();
  expect(await parent.content(), 'what had not opened never does').not.toContain('만화책을 봤던 밤이요.');

  await expect(child.getByText('마친 짝이에요')).toBeVisible();
  await expect(child.getByLabel('나의 답')).toHaveCount(0);
  await expect(child.getByRole('heading', { name: '내가 남긴 답' })).toBeVisible();
  await expect(child.getByText('만화책을 봤던 밤이요.')).toBeVisible();
  await child.getByRole('link', { name: '보관함', exact: true }).click();
  await child.getByRole('link', { name: /가장 오래된 기억/ }).click();
  await expect(child.getByText('골목에서 고무줄을 했지.')).toBeVisible();
  await child.goto('/');
  await expect(child.getByRole('link', { name: '엄마와 나 (마침)' })).toBeVisible();
});

test('what is being typed while the other leaves stays in sight', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await page.getByLabel('나의 답').fill('처음 바다를 본 날이');
  await pair.parent.post('leave_pair', { pair: pair.id, confirmed: 'yes' });
  await expect(page.getByText('마친 짝이에요')).toBeVisible();
  await expect(page.getByText('마친 짝이라 보낼 수 없어요. 적은 글은 여기 남겨 두었어요.')).toBeVisible();
  await expect(page.getByText('처음 바다를 본 날이')).toBeVisible();
});

test('with the wrong person the inviter goes on in a new pair, answer and all', async ({ somebody, pairUp }) => {
  const wrong = await somebody('상철');
  const pair = await pairUp({ parent: wrong });
  await pair.child.answer(pair.id, '유치원 창밖으로 눈이 오던 날이요.');
  const { page } = pair.child;
  await wrong.open(pair.at('today'));
  await page.goto(pair.at('today'));

  const drawer = page.getByRole('group').filter({ hasText: '다른 사람이 들어왔나요?' });
  await drawer.getByText('다른 사람이 들어왔나요?').click();
  await expect(drawer.getByText('상철')).toBeVisible();
  await drawer.getByRole('button', { name: '짝을 마치고 다시 초대하기' }).click();
  await expect(drawer.getByText('아래 칸에 표시해야 짝을 마칠 수 있어요.'), 'one tap ends nothing').toBeVisible();
  await drawer.getByLabel('정말 이 짝을 마칠게요.').check();
  await drawer.getByRole('button', { name: '짝을 마치고 다시 초대하기' }).click();

  await expect(page.getByRole('heading', { name: '짝을 초대해요' })).toBeVisible();
  expect(page.url()).not.toContain(pair.id);
  await expect(wrong.page.getByText('마친 짝이에요')).toBeVisible();
  expect(await wrong.page.content()).not.toContain('유치원 창밖으로');
  await page.getByRole('link', { name: '오늘', exact: true }).click();
  await expect(page.getByRole('article').getByText('유치원 창밖으로 눈이 오던 날이요.')).toBeVisible();

  const fresh = page.url().split('/')[4];
  const right = await somebody('영호');
  await right.join(await pair.child.invite(fresh));
  await right.answer(fresh, '만화방이지.');
  await right.page.goto(`/p/${fresh}/today`);
  await expect(right.page.getByText('유치원 창밖으로 눈이 오던 날이요.')).toBeVisible();
});

test('once a card is open the joiner is the right one', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await expect(page.getByText('다른 사람이 들어왔나요?')).toBeVisible();
  await pair.complete();
  await expect(page.getByText('골목에서 고무줄을 했지.')).toBeVisible();
  await expect(page.getByText('다른 사람이 들어왔나요?')).toHaveCount(0);
});
