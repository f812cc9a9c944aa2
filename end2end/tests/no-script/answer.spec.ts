import type { Page } from '@playwright/test';
import { expect, type Pair, test } from '../../support/pair.ts';
import { openFold } from '../../support/fold.ts';

/** Presses the button of a form that is refused. Returns the status of the answer. */
async function refused(page: Page, button: string): Promise<number> {
  const [response] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === 'POST'),
    page.getByRole('button', { name: button }).click(),
  ]);
  return response.status();
}

async function write(pair: Pair, body: string): Promise<Page> {
  const { page } = pair.child;
  await page.goto(pair.at('today'));
  await page.getByLabel('나의 답').fill(body);
  return page;
}

test('the whole way from the first page to the archive is links and forms', async ({ page: child, somebody }) => {
  await child.goto('/');
  await child.getByRole('link', { name: '시작하기' }).click();
  await child.getByLabel('이름').fill('민지');
  await child.getByLabel(/만 14세 이상/).check();
  await child.getByRole('button', { name: '다음' }).click();
  await expect(child.getByText(/^([0-9A-Z]{4}-){3}[0-9A-Z]{4}$/)).toBeVisible();
  await child.getByRole('button', { name: '보관했어요' }).click();
  await child.getByLabel('자녀 쪽', { exact: true }).check();
  await child.getByRole('group', { name: '자녀 쪽이라면, 나는' }).getByLabel('딸').check();
  await child.getByRole('button', { name: '첫 질문 받기' }).click();

  await child.getByLabel('나의 답').fill('첫 줄이에요.\n둘째 줄이에요.');
  await child.getByRole('button', { name: '답하기' }).click();
  await expect(child.getByText('답을 잘 간직했어요.')).toBeVisible();
  expect(await child.getByRole('article').getByText('첫 줄이에요.').innerText()).toBe('첫 줄이에요.\n둘째 줄이에요.');
  await child.getByText('답 고치기').click();
  await child.getByLabel('나의 답').fill('유치원 창밖으로 눈이 오던 날이요.');
  await child.getByRole('button', { name: '고친 답 저장하기' }).click();
  await expect(child.getByRole('article').getByText('유치원 창밖으로')).toBeVisible();

  await child.getByRole('link', { name: '초대하러 가기' }).click();
  await child.getByRole('button', { name: '초대 만들기' }).click();
  await expect(child.getByRole('img', { name: '초대 주소가 담긴 QR 코드' })).toBeVisible();
  const link = await child.getByText(/^http.*\/join\//).innerText();

  const { page: parent } = await somebody('순자');
  await parent.goto(link);
  await parent.getByRole('button', { name: '초대 확인' }).click();
  await parent.getByLabel('이름').fill('순자');
  await parent.getByLabel(/만 14세 이상/).check();
  await parent.getByLabel('엄마').check();
  await parent.getByRole('button', { name: '함께하기' }).click();
  await parent.getByRole('button', { name: '보관했어요' }).click();
  await expect(parent.getByText('민지는 벌써 답했어요. 내가 답하면 바로 카드가 열려요.')).toBeVisible();
  await parent.getByLabel('나의 답').fill('골목에서 고무줄을 했지.');
  await parent.getByRole('button', { name: '답하기' }).click();

  await expect(parent.getByText('유치원 창밖으로 눈이 오던 날이요.')).toBeVisible();
  await parent.getByRole('link', { name: '보관함', exact: true }).click();
  await parent.getByRole('link', { name: /가장 오래된 기억/ }).click();
  await expect(parent.getByText('골목에서 고무줄을 했지.')).toBeVisible();
  await child.getByRole('link', { name: '오늘', exact: true }).click();
  await expect(child.getByText('골목에서 고무줄을 했지.')).toBeVisible();
});

test('a sign-up that lacks something says what, and keeps the rest', async ({ page }) => {
  await page.goto('/start');
  await page.getByLabel(/만 14세 이상/).check();
  expect(await refused(page, '다음')).toBe(422);
  await expect(page.getByRole('alert').filter({ hasText: '이름을 적어 주세요.' })).toBeVisible();
  await expect(page.getByLabel(/만 14세 이상/)).toBeChecked();

  await page.getByLabel('이름').fill('민지');
  await page.getByLabel(/만 14세 이상/).uncheck();
  expect(await refused(page, '다음')).toBe(422);
  await expect(page.getByRole('alert').filter({ hasText: '동의해야 시작할 수 있어요.' })).toBeVisible();
  await expect(page.getByLabel('이름')).toHaveValue('민지');
});

test('an empty answer is refused by its field', async ({ pairUp }) => {
  const page = await write(await pairUp(), ' \n ');
  expect(await refused(page, '답하기')).toBe(422);
  await expect(page.getByRole('alert').filter({ hasText: '답을 적어 주세요.' })).toBeVisible();
  await expect(page.getByLabel('나의 답')).toHaveAccessibleDescription(/답을 적어 주세요\./);
});

test('an answer that is too long stays in its field', async ({ pairUp }) => {
  const long = '가'.repeat(2001);
  const page = await write(await pairUp(), long);
  expect(await refused(page, '답하기')).toBe(422);
  await expect(
    page.getByRole('alert').filter({ hasText: '답은 2,000자까지 적을 수 있어요. 조금만 줄여 주세요.' }),
  ).toBeVisible();
  await expect(page.getByLabel('나의 답')).toHaveValue(long);
});

test('an answer to a question that was swapped meanwhile is kept beside the new one', async ({ pairUp, clock }) => {
  const pair = await pairUp({ pushTime: await clock.minute() });
  await pair.complete();
  await clock.nextDay();
  const page = await write(pair, '바꾸기 전에 쓴 글이에요.');
  const { question } = await pair.parent.today(pair.id);
  await pair.parent.post('swap_question', { daily_question: question!.id, version: '1' });

  expect(await refused(page, '답하기')).toBe(409);
  await expect(page.getByText('바꾸기 전 질문에 쓰던 글')).toBeVisible();
  await expect(page.getByText('바꾸기 전에 쓴 글이에요.')).toBeVisible();
  await expect(page.getByText('그 사이에 질문이 바뀌었어요. 적은 글은 여기 남겨 두었어요.')).toBeVisible();
  await expect(page.getByLabel('나의 답'), 'never under the new question').toHaveValue('');
});

test('an edit of an answer whose card opened meanwhile is kept beside the card', async ({ pairUp }) => {
  const pair = await pairUp();
  await pair.child.answer(pair.id, '문방구 뽑기요.');
  const { page } = pair.child;
  await page.goto(pair.at('today'));
  await page.getByText('답 고치기').click();
  await page.getByLabel('나의 답').fill('문방구 뽑기와 떡볶이요.');
  await pair.parent.answer(pair.id, '만화방이지.');

  expect(await refused(page, '고친 답 저장하기')).toBe(409);
  await expect(page.getByText('카드가 이미 열려서 답을 바꿀 수 없어요. 적은 글은 여기 남겨 두었어요.')).toBeVisible();
  await expect(page.getByText('문방구 뽑기와 떡볶이요.')).toBeVisible();
  await expect(page.getByText('만화방이지.')).toBeVisible();
});

test('an answer to a pair that was closed meanwhile is kept in sight', async ({ pairUp }) => {
  const pair = await pairUp();
  const page = await write(pair, '닫힌 문 앞에 둔 글이에요.');
  await pair.parent.post('leave_pair', { pair: pair.id, confirmed: 'yes' });
  expect(await refused(page, '답하기')).toBe(409);
  await expect(page.getByText('마친 짝이라 보낼 수 없어요. 적은 글은 여기 남겨 두었어요.')).toBeVisible();
  await expect(page.getByText('닫힌 문 앞에 둔 글이에요.')).toBeVisible();
});

test('a refused answer to a shelved question stays with that question', async ({ pairUp, clock }) => {
  const pair = await pairUp({ pushTime: await clock.minute() });
  for (let day = 1; day <= 7; day++) await clock.nextDay();
  const { page } = pair.child;
  await page.goto(pair.at('today'));
  const topic = page.getByText('가장 오래된 기억', { exact: true });
  const shelf = page.getByRole('listitem').filter({ has: topic });
  await topic.click();
  const long = '나'.repeat(2001);
  await shelf.getByLabel('나의 답').fill(long);
  const [response] = await Promise.all([
    page.waitForResponse(/submit_answer/),
    shelf.getByRole('button', { name: '답하기' }).click(),
  ]);
  expect(response.status()).toBe(422);
  await expect(shelf.getByRole('alert')).toBeVisible();
  await expect(shelf.getByLabel('나의 답')).toHaveValue(long);
  await expect(page.getByLabel('나의 답').first(), 'the open question has its own field').toHaveValue('');
});

test('a refused swap and a refused code leave everything where it was', async ({ pairUp, page, clock }) => {
  await page.goto('/join');
  await page.getByLabel('초대 코드').fill('여기는 코드가 아니에요');
  expect(await refused(page, '초대 확인')).toBe(422);
  await expect(page.getByLabel('초대 코드')).toHaveValue('여기는 코드가 아니에요');

  const pair = await pairUp({ pushTime: await clock.minute() });
  await pair.complete();
  await clock.nextDay();
  await pair.child.page.goto(pair.at('today'));
  await pair.parent.answer(pair.id, '라디오에서 나오던 노래.');
  expect(await refused(pair.child.page, '다른 질문으로 바꾸기')).toBe(409);
  await expect(
    pair.child.page.getByRole('alert').filter({ hasText: '이미 답한 질문은 바꿀 수 없어요.' }),
  ).toBeVisible();
});

test('a page that comes back refused shows the sentence, wherever its button is', async ({ somebody, clock }) => {
  const child = await somebody('민지');
  await child.startPair();
  await clock.advance('+1m');
  const tablet = await somebody('민지');
  await tablet.signInAs(child);
  const { page } = tablet;
  await page.goto('/settings/sign-in');
  await openFold(page, '들어와 있는 기기');
  expect(await refused(page, '다른 기기 모두 나가기')).toBeGreaterThanOrEqual(400);
  const sentence = page.getByText('들어온 지 하루가 안 된 기기에서는');
  await expect(sentence).toBeInViewport();
  await expect(sentence).toBeFocused();
});
