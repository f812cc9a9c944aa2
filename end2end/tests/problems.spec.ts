import { expect, test } from '../support/pair.ts';
import { openFold } from '../support/fold.ts';

test('an address nobody lives at is a page that says so', async ({ page }) => {
  const response = await page.goto('/no/such/page');
  expect(response!.status()).toBe(404);
  await expect(page.getByRole('heading', { name: '찾는 화면이 없어요' })).toBeVisible();
  await page.getByRole('link', { name: '처음으로' }).click();
  await expect(page.getByRole('link', { name: '시작하기' })).toBeVisible();
});

test('the pages of another pair are not found, whichever they are', async ({ pairUp }) => {
  const [ours, theirs] = [await pairUp(), await pairUp({ parent: '상철', child: '지훈' })];
  await theirs.complete();
  const { question } = await theirs.child.today(theirs.id);
  const { page } = ours.child;
  for (const path of ['today', 'archive', 'settings', 'invite', `cards/${question!.id}`, 'seasons/1']) {
    const response = await page.request.get(theirs.at(path), { headers: { accept: 'text/html' } });
    expect(response.status(), path).toBe(404);
    expect(await response.text(), path).not.toMatch(/상철|지훈|골목에서/);
  }
  const answered = { daily_question: question!.id, version: '1', body: '남의 카드' };
  expect((await page.request.post('/api/submit_answer', { form: answered })).status()).toBe(404);
  expect((await page.goto(ours.at(`cards/${question!.id}`)))!.status(), 'their card under our pair').toBe(404);
  await expect(page.getByRole('heading', { name: '찾는 화면이 없어요' })).toBeVisible();
});

test('whoever is not signed in is told so', async ({ page, pairUp }) => {
  const pair = await pairUp();
  expect((await page.goto(pair.at('today')))!.status()).toBe(401);
  await expect(page.getByRole('heading', { name: '먼저 들어와 주세요' })).toBeVisible();
  await page.getByRole('link', { name: '들어가기' }).click();
  await expect(page.getByLabel('복구 코드')).toBeVisible();
});

test('without a network there is a page of our own, until there is one again', async ({ page, context }) => {
  await page.goto('/');
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  await context.setOffline(true);
  await page.goto('/terms');
  await expect(page.getByRole('heading', { name: '지금은 연결이 끊겼어요' })).toBeVisible();
  const again = page.waitForEvent('load');
  await page.getByRole('link', { name: '다시 열기' }).click();
  await again;
  await expect(page.getByRole('heading', { name: '지금은 연결이 끊겼어요' })).toBeVisible();
  await context.setOffline(false);
  await expect(page.getByRole('heading', { name: '이용약관' }), 'the page that was asked for, by itself').toBeVisible({
    timeout: 30_000,
  });
});

test('a form that meets no network leads back to its page', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await page.goto('/');
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  await page.goto('/settings/me');
  await openFold(page, '이름');
  await page.context().setOffline(true);
  await page.locator('form[action="/api/change_name"]').getByRole('button').click();
  await expect(page.getByRole('heading', { name: '지금은 연결이 끊겼어요' })).toBeVisible();
  await page.context().setOffline(false);
  await expect(page.getByRole('heading', { level: 1, name: '나' })).toBeVisible({ timeout: 30_000 });
});

test('an answer sent without a network stays in its field and goes later', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await page.getByLabel('나의 답').fill('터널을 지나던 기차 창가요.');
  await page.context().setOffline(true);
  await page.getByRole('button', { name: '답하기' }).click();
  await expect(page.getByText('이 기기에 저장됨. 인터넷에 닿으면 저절로 보낼게요.')).toBeVisible();
  await expect(page.getByLabel('나의 답')).toHaveValue('터널을 지나던 기차 창가요.');
  await page.context().setOffline(false);
  await expect(page.getByText('답을 잘 간직했어요.')).toBeVisible();
});

test('an open page finds a restarted server again and shows what happened meanwhile', async ({
  ownServer,
  somebody,
}) => {
  const options = { baseURL: ownServer.url };
  const [child, parent] = [await somebody('유나', options), await somebody('영호', options)];
  const pair = await child.startPair();
  await parent.join(await child.invite(pair));
  const today = `/p/${pair}/today`;
  await child.answer(pair, '자전거를 처음 혼자 탔던 공원이에요.');
  await child.open(today);
  await parent.open(today);
  await child.page.evaluate(() => (document.body.dataset.seen = 'before'));
  await parent.page.getByLabel('나의 답').fill('비 오는 날 우산 하나를 셋이 썼지.');

  await ownServer.halt();
  await expect(child.page.getByText('연결이 끊겼어요. 다시 잇고 있어요.')).toBeVisible();
  await parent.page.getByRole('button', { name: '답하기' }).click();
  await expect(parent.page.getByText('이 기기에 저장됨. 인터넷에 닿으면 저절로 보낼게요.')).toBeVisible();
  await ownServer.resume();

  await expect(child.page.getByText('비 오는 날 우산 하나를 셋이 썼지.')).toBeVisible();
  await expect(child.page.getByText('연결이 끊겼어요. 다시 잇고 있어요.')).toBeHidden();
  expect(await child.page.evaluate(() => document.body.dataset.seen), 'without a reload').toBe('before');
  await expect(parent.page.getByText('자전거를 처음 혼자 탔던 공원이에요.')).toBeVisible();
});

test('a post from another site is refused and says why', async ({ pairUp }) => {
  const pair = await pairUp();
  const { question } = await pair.child.today(pair.id);
  const response = await pair.child.page.request.post('/api/submit_answer', {
    form: { daily_question: question!.id, version: '1', body: '내가 쓴 게 아니에요' },
    headers: { origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site', accept: 'text/html' },
  });
  expect(response.status()).toBe(403);
  expect(await response.text()).toContain('다른 곳에서 보낸 요청이라 받지 않았어요.');
});
