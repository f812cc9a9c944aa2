import type { Page } from '@playwright/test';
import { expect, test } from '../support/pair.ts';
import { openFold } from '../support/fold.ts';

const HANGUL = /[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]/;

/** The section of a settings page with this heading. */
const panel = (page: Page, name: string) =>
  page.locator('section').filter({ has: page.getByRole('heading', { name, exact: true }) });

/** Counts how often this page reports to the server that an event was seen. */
const countSeen = (page: Page) => {
  let count = 0;
  page.on('request', (request) => void (count += Number(request.url().endsWith('/api/seen_live'))));
  return () => count;
};

test('a new question time shows in the open page of the other', async ({ pairUp }) => {
  const pair = await pairUp();
  await pair.child.open(pair.at('today'));
  const { page } = pair.parent;
  await page.goto(pair.at('settings/us'));
  await openFold(page, '질문 시간');
  await page.getByLabel('질문이 오는 시간').fill('07:30');
  await panel(page, '질문 시간').getByRole('button', { name: '저장하기' }).click();

  await expect(page.getByText('다음 질문은 오전 7시 30분에 찾아와요.')).toBeVisible();
  await expect(page.getByLabel('질문이 오는 시간')).toHaveValue('07:30');
  await expect(
    pair.child.page.getByRole('status').getByText('질문이 오는 시간이 오전 7시 30분으로 바뀌었어요.'),
  ).toBeVisible();
  await pair.complete();
  await expect(pair.child.page.getByText('다음 질문은 오전 7시 30분에 찾아와요.')).toBeVisible();
});

test('settings are drawn anew by what they show, and by nothing else', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.parent;
  await pair.parent.open(pair.at('settings/us'));
  let drawn = 0;
  page.on('request', (request) => void (drawn += Number(request.isNavigationRequest())));
  const seen = countSeen(page);
  await pair.complete();
  await expect(page.locator('[data-unread]'), 'the news was heard').toBeVisible();
  expect(seen(), 'and not taken for seen').toBe(0);
  await pair.child.post('change_push_time', { pair: pair.id, push_time: '07:30', zone: 'Asia/Seoul' });
  await expect(page.getByLabel('질문이 오는 시간')).toHaveValue('07:30');
  expect(drawn).toBe(1);
});

test('a page that shows one card does not count the next as seen', async ({ pairUp, clock }) => {
  const pair = await pairUp({ pushTime: await clock.minute() });
  const { page } = pair.parent;
  await pair.complete();
  const { question } = await pair.parent.today(pair.id);
  await clock.nextDay();
  await pair.parent.answer(pair.id, '라디오에서 나오던 노래.');
  await pair.parent.open(`${pair.at('cards')}/${question!.id}`);
  const [seen, before] = [countSeen(page), Number(await page.locator('[data-unread]').textContent())];
  await pair.child.answer(pair.id, '이어폰으로 듣던 노래요.');
  await expect(page.locator('[data-unread]')).toHaveText(String(before + 1));
  expect(seen()).toBe(0);
  await page.getByRole('link', { name: '오늘', exact: true }).click();
  await expect(page.getByText('이어폰으로 듣던 노래요.')).toBeVisible();
});

test('a time that is none gets a sentence by its field', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.parent;
  await page.goto(pair.at('settings/us'));
  await openFold(page, '질문 시간');
  await page.getByLabel('질문이 오는 시간').fill('');
  await panel(page, '질문 시간').getByRole('button', { name: '저장하기' }).click();
  await expect(page.getByRole('alert').filter({ hasText: '시간은 00:00부터 23:59까지 고를 수 있어요.' })).toBeVisible();
  await expect(page.getByLabel('질문이 오는 시간')).toHaveAccessibleDescription(/시간은 00:00부터/);
});

test('a new name is how the other sees me, in their open page too', async ({ pairUp }) => {
  const pair = await pairUp();
  await pair.parent.open(pair.at('today'));
  await expect(pair.parent.page.getByText('민지', { exact: true })).toBeVisible();
  const { page } = pair.child;
  await page.goto(pair.at('settings/me'));
  await openFold(page, '이름');
  await page.getByLabel('이름', { exact: true }).fill('가'.repeat(21));
  await panel(page, '이름').getByRole('button', { name: '저장하기' }).click();
  await expect(page.getByRole('alert').filter({ hasText: '이름은 20자까지 적을 수 있어요.' })).toBeVisible();
  await expect(page.getByLabel('이름', { exact: true })).toHaveValue('가'.repeat(21));
  await expect(page.getByLabel('이름', { exact: true }), 'to be mended').toBeFocused();
  await expect(page.getByRole('alert').filter({ hasText: '이름은' })).toBeInViewport();

  await page.getByLabel('이름', { exact: true }).fill('서연');
  await panel(page, '이름').getByRole('button', { name: '저장하기' }).click();
  await expect(panel(page, '이름').getByText('저장했어요.'), 'where one was, not at the top').toBeInViewport();
  await expect(page.getByLabel('이름', { exact: true })).toHaveValue('서연');
  await expect(pair.parent.page.getByText('서연', { exact: true })).toBeVisible();
  await page.getByLabel('이름', { exact: true }).fill(' ');
  await panel(page, '이름').getByRole('button', { name: '저장하기' }).click();
  await expect(page.getByRole('alert').filter({ hasText: '이름을 적어 주세요.' })).toBeVisible();
  await expect(page.getByText('저장했어요.'), 'of the one before').toHaveCount(0);
});

test('a new relation is what the other calls me, in their open page too', async ({ pairUp }) => {
  const pair = await pairUp();
  await pair.child.open(pair.at('today'));
  await expect(pair.child.page.getByText('엄마', { exact: true })).toBeVisible();
  const { page } = pair.parent;
  await page.goto(pair.at('settings/us'));
  await openFold(page, '나를 부르는 말');
  await page.getByLabel('다른 가족').check();
  await page.getByLabel('부르는 말').fill('이모');
  await panel(page, '나를 부르는 말').getByRole('button', { name: '저장하기' }).click();
  await expect(pair.child.page.getByText('이모', { exact: true })).toBeVisible();
});

test('in English no page holds Korean but the name of the house', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await page.goto(pair.at('settings/me'));
  await openFold(page, '보기');
  await page.getByLabel('English').check();
  await panel(page, '보기').getByRole('button', { name: '저장하기' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Me' })).toBeVisible();

  const { question } = await pair.child.today(pair.id);
  const pages = [
    '/',
    '/start',
    '/signin',
    '/signin/digits',
    '/signin/wait',
    '/hand-over',
    '/hand-over/0a1b',
    '/settings',
    ...['us', 'me', 'notifications', 'sign-in', 'help', 'delete'].map((place) => `/settings/${place}`),
    '/goodbye?until=2026-12-06',
    '/terms',
    '/privacy',
    '/join',
    '/recovery',
    '/nowhere',
    pair.at('today'),
    pair.at('archive'),
    pair.at('settings'),
    ...['us', 'me', 'notifications', 'sign-in', 'help'].map((place) => pair.at(`settings/${place}`)),
  ];
  const read = async (path: string) => {
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.locator('html')).toHaveAttribute('lang', 'en');
    const said = await page.evaluate(() => {
      const spoken = [...document.querySelectorAll('[aria-label],[placeholder],[title],[alt]')];
      const labels = spoken.flatMap((element) =>
        ['aria-label', 'placeholder', 'title', 'alt'].map((name) => element.getAttribute(name)),
      );
      return [document.title, document.body.innerText, ...labels].join('\n');
    });
    // The app's name, people's names, and the name of the other language are in Korean.
    const rest = said.replaceAll(/엄빠도 어렸다|순자|민지|한국어/g, '');
    expect(
      rest.split('\n').filter((line) => HANGUL.test(line)),
      path,
    ).toEqual([]);
  };
  for (const path of pages) await read(path);
  // This page receives no event. A page of this pair would load itself again during the next `goto`.
  await page.goto('about:blank');
  await pair.complete('In the alley, skipping rope.', 'The bench behind the playground.');
  for (const path of [pair.at('today'), pair.at(`cards/${question!.id}`)]) await read(path);
});

test('text size is the person’s, on every device', async ({ somebody, pairUp }) => {
  const pair = await pairUp();
  await pair.child.page.goto(pair.at('settings/me'));
  await openFold(pair.child.page, '보기');
  await pair.child.page.getByLabel('아주 크게').check();
  await panel(pair.child.page, '보기').getByRole('button', { name: '저장하기' }).click();
  await expect(pair.child.page.getByLabel('아주 크게')).toBeChecked();

  const second = await somebody('민지');
  await second.signInAs(pair.child);
  await second.page.goto(pair.at('today'));
  await expect(second.page.locator('html')).toHaveAttribute('data-text-size', 'larger');
  await pair.parent.page.goto(pair.at('today'));
  await expect(pair.parent.page.locator('html')).toHaveAttribute('data-text-size', 'normal');
});

test('a recovery code opens another device, and the first is told', async ({ somebody, pairUp }) => {
  const pair = await pairUp();
  await pair.child.open(pair.at('today'));
  const { page } = await somebody('민지');
  await page.goto('/');
  await page.getByRole('link', { name: '쓰던 사람이에요' }).click();
  await page.getByLabel('복구 코드').fill('0000-0000-0000-0000');
  await page.getByRole('button', { name: '들어가기' }).click();
  await expect(
    page.getByRole('alert').filter({ hasText: '코드가 맞지 않아요. 적어 둔 것을 다시 살펴봐 주세요.' }),
  ).toBeVisible();

  const code = await pair.child.recoveryCode();
  await page.getByLabel('복구 코드').fill(
    code
      .toLowerCase()
      .replaceAll('0', 'o')
      .replace(/(.{5})/g, '$1 '),
  );
  await page.getByRole('button', { name: '들어가기' }).click();
  await expect(page.getByRole('heading', { name: '민지 님, 어서 오세요' })).toBeVisible();
  await page.getByRole('link', { name: '엄마와 나' }).click();
  await expect(page.getByLabel('나의 답')).toBeVisible();
  await expect(
    pair.child.page.getByRole('alert').filter({ hasText: '방금 다른 기기에서 복구 코드로 들어왔어요.' }),
  ).toBeVisible();
});

test('a recovery code renewed with the earlier one makes that useless', async ({ somebody, pairUp }) => {
  const pair = await pairUp();
  const earlier = await pair.child.recoveryCode();
  const { page } = pair.child;
  await page.goto(pair.at('settings/sign-in'));
  await openFold(page, '복구 코드');
  await page.getByLabel('지금 쓰는 복구 코드').fill(earlier);
  await page.getByRole('button', { name: '복구 코드 새로 만들기' }).click();
  const renewed = (await page.getByText(/^([0-9A-Z]{4}-){3}[0-9A-Z]{4}$/).innerText()).replaceAll('-', '');
  expect(renewed).not.toBe(earlier);
  await page.getByRole('button', { name: '보관했어요' }).click();
  await page.goto('/recovery');
  await expect(page.getByRole('heading', { name: '지금은 코드를 보여 드릴 수 없어요' })).toBeVisible();

  const second = await somebody('민지');
  expect((await second.page.request.post('/api/sign_in', { form: { code: earlier } })).status()).toBe(422);
  await second.post('sign_in', { code: renewed });
});

test('after the third answer the recovery code is asked for once more', async ({ pairUp, clock }) => {
  const pair = await pairUp({ pushTime: await clock.minute() });
  const { page } = pair.child;
  for (let day = 1; day < 3; day++) {
    await pair.complete();
    await clock.nextDay();
  }
  await pair.child.open(pair.at('today'));
  await expect(page.getByLabel('나의 답')).toBeVisible();
  await expect(page.getByRole('heading', { name: '복구 코드, 아직 갖고 있나요?' })).toHaveCount(0);
  await pair.child.answer(pair.id, '이불 속에서 손전등 켜고 만화책 봤던 밤이요.');
  await expect(page.getByRole('heading', { name: '복구 코드, 아직 갖고 있나요?' })).toBeVisible();
  await page.getByRole('button', { name: '네, 갖고 있어요' }).click();
  await expect(page.getByText('답을 잘 간직했어요.')).toBeVisible();
  await expect(page.getByRole('heading', { name: '복구 코드, 아직 갖고 있나요?' })).toHaveCount(0);
});

for (const place of ['today', 'archive']) {
  test(`a device that is sent away loses its open ${place} page`, async ({ somebody, pairUp }) => {
    const pair = await pairUp();
    const lost = await somebody('민지');
    await lost.signInAs(pair.child);
    await lost.open(pair.at(place));
    const { page } = pair.child;
    await page.goto(pair.at('settings/sign-in'));
    await openFold(page, '들어와 있는 기기');
    await expect(panel(page, '들어와 있는 기기').getByRole('listitem')).toHaveCount(2);
    await page.getByRole('button', { name: '내보내기' }).click();

    await expect(panel(page, '들어와 있는 기기').getByRole('listitem')).toHaveCount(1);
    await expect(lost.page.getByRole('heading', { name: '먼저 들어와 주세요' })).toBeVisible();
    expect((await lost.page.request.get('/events?after=0')).status()).toBe(401);
  });
}

test('signing out ends this device alone and takes the drafts along', async ({ somebody, pairUp }) => {
  const pair = await pairUp();
  const second = await somebody('민지');
  await second.signInAs(pair.child);
  const { page } = second;
  await second.open(pair.at('today'));
  await page.getByLabel('나의 답').fill('남의 눈에 띄면 안 되는 글');
  await expect(page.getByText('이 기기에 저장됨', { exact: true })).toBeVisible();
  await second.open(pair.at('settings/sign-in'));
  await openFold(page, '나가기');
  await page.getByRole('button', { name: '이 기기에서 나가기' }).click();
  await expect(page.getByText('아직 보내지 못한 글이 1개 있어요. 지금 나가면 사라져요.')).toBeVisible();
  await page.getByRole('button', { name: '그래도 나가기' }).click();

  await expect(page.getByRole('link', { name: '시작하기' })).toBeVisible();
  expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain('남의 눈에');
  expect((await page.goto(pair.at('today')))!.status()).toBe(401);
  await expect(page.getByRole('heading', { name: '먼저 들어와 주세요' })).toBeVisible();
  await pair.child.page.goto(pair.at('today'));
  await expect(pair.child.page.getByLabel('나의 답')).toBeVisible();
});

test('a page left open does nothing for the next who signs in on that browser', async ({ somebody }) => {
  const [child, parent] = [await somebody('민지'), await somebody('순자')];
  await Promise.all([child.signUp(), parent.signUp()]);
  await child.page.goto('/settings/me');
  const code = await parent.recoveryCode();
  await openFold(child.page, '이름');
  await child.page.getByLabel('이름').fill('남몰래');
  await child.post('sign_in', { code });
  await child.page
    .locator('form', { has: child.page.locator('#name') })
    .getByRole('button')
    .click();
  await expect(child.page.getByRole('alert').getByText('그 화면을 연 뒤에 순자 님이 들어왔어요.')).toBeVisible();
  await expect(child.page.getByRole('heading', { level: 1 })).toContainText('순자');
  await expect(child.page.getByText('남몰래')).toHaveCount(0);
});

test('every place of the settings is one screen of a phone, and says what is set', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  for (const [place, rows] of [
    ['us', 7],
    ['notifications', 4],
    ['sign-in', 5],
    ['me', 2],
    ['help', 4],
  ] as const) {
    await page.goto(pair.at(`settings/${place}`));
    const bar = (await page.getByRole('navigation').last().boundingBox())!;
    const list = page.locator('.folds');
    await expect(list.locator('summary, a.card-link').filter({ visible: true }), place).toHaveCount(rows);
    const box = (await list.boundingBox())!;
    expect(box.y + box.height, `${place}: the last row is above the bar at the foot`).toBeLessThanOrEqual(bar.y);
  }
  await page.goto('/keep');
  const box = (await page.locator('.folds').boundingBox())!;
  expect(box.y + box.height, 'a copy').toBeLessThanOrEqual(844);

  await page.goto(pair.at('settings/sign-in'));
  await expect(panel(page, '들어와 있는 기기')).toContainText('지금 이 기기뿐이에요');
  await page.goto(pair.at('settings/notifications'));
  await expect(panel(page, '이 짝의 알림').getByText('모두 켜짐')).toBeVisible();
  await openFold(page, '이 짝의 알림');
  await page.getByLabel('콕 두드림').uncheck();
  await panel(page, '이 짝의 알림').getByRole('button', { name: '저장하기' }).click();
  await expect(panel(page, '이 짝의 알림').getByText('저장했어요.')).toBeInViewport();
  await expect(panel(page, '이 짝의 알림').getByText('4개 켜짐')).toBeVisible();
});
