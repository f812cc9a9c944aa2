// The card that offers the app for the home screen, and text shared into it.
import type { Page } from '@playwright/test';
import { expect, test } from '../support/pair.ts';
import { PHONES } from '../support/user-agents.ts';

const TITLE = '홈 화면에 두면 더 편해요';
const card = (page: Page) => page.locator('[data-install]:visible');

/** Makes the page believe that the browser can install the app, and that the person says yes to the prompt. */
async function offer(page: Page): Promise<void> {
  await page.evaluate(() => {
    const event = new Event('beforeinstallprompt', { cancelable: true });
    Object.assign(event, { prompt: async () => document.documentElement.setAttribute('data-prompted', '') });
    dispatchEvent(event);
  });
}

/** Another app shares a text: the system posts the form that the manifest describes. */
async function share(page: Page, fields: Record<string, string>, action = '/share', hasWorker = true): Promise<void> {
  await page.goto('/terms');
  if (hasWorker) await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  const there = page.waitForURL((url) => url.pathname === action);
  await page.evaluate(
    ([fields, action]) => {
      const form = Object.assign(document.createElement('form'), { method: 'post', action });
      for (const [name, value] of Object.entries(fields))
        form.append(Object.assign(document.createElement('textarea'), { name, value }));
      document.body.append(form);
      form.submit();
    },
    [fields, action] as const,
  );
  await there;
}

test('after the second answer the browser’s prompt is offered once, from a tap', async ({ pairUp, clock }) => {
  const pair = await pairUp({ pushTime: await clock.minute() });
  const { page } = pair.child;
  // The card about notifications goes first, so it is put off.
  await page.addInitScript(() => localStorage.setItem('push-later', String(Date.now() + 86_400_000)));
  await pair.complete();
  await pair.child.open(pair.at('today'));
  await offer(page);
  await expect(card(page), 'one answer is too early').toHaveCount(0);

  await clock.nextDay();
  await pair.child.open(pair.at('today'));
  await offer(page);
  await page.getByLabel('나의 답').fill('만화책을 봤던 밤이요.');
  await expect(card(page)).toHaveCount(0);
  await page.getByRole('button', { name: '답하기' }).click();
  await expect(card(page).getByRole('heading', { name: TITLE })).toBeVisible();
  await page.getByRole('button', { name: '홈 화면에 두기' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-prompted', '');
  await expect(card(page)).toHaveCount(0);
  await pair.child.open(pair.at('today'));
  await offer(page);
  await expect(card(page), 'not again so soon').toHaveCount(0);
});

for (const [phone, userAgent] of Object.entries(PHONES)) {
  test(`the steps on ${phone}`, async ({ pairUp, somebody, clock }) => {
    const child = await somebody('민지', { userAgent, hasTouch: true });
    const pair = await pairUp({ child, pushTime: await clock.minute() });
    const { page } = child;
    await page.addInitScript((isApple) => {
      localStorage.setItem('push-later', String(Date.now() + 86_400_000));
      if (!isApple) return;
      Object.defineProperty(navigator, 'standalone', { value: false });
      Object.defineProperty(navigator, 'maxTouchPoints', { value: 5 });
    }, phone === 'iphone');
    await pair.complete();
    await clock.nextDay();
    await child.answer(pair.id, '만화책을 봤던 밤이요.');
    await child.open(pair.at('today'));
    if (phone === 'kakao') {
      await expect(page.getByText('답을 잘 간직했어요.')).toBeVisible();
      await expect(card(page)).toHaveCount(0);
      return;
    }
    await expect(card(page).getByRole('heading', { name: TITLE })).toBeVisible();
    const steps = card(page).getByRole('listitem');
    await expect(steps).toHaveCount(3);
    await expect(steps.first()).toContainText({ iphone: '공유 단추', samsung: '줄 세 개', chrome: '점 세 개' }[phone]!);
    await expect(steps.first().locator('svg')).toBeVisible();
    // The app on an iPhone's home screen starts signed out. The digits for it are made here.
    await expect(card(page).getByRole('link', { name: '이어 쓸 숫자 받기' })).toHaveCount(phone === 'iphone' ? 1 : 0);
    await page.getByRole('button', { name: '나중에' }).click();
    await expect(card(page)).toHaveCount(0);
    await child.open('/devices');
    await expect(card(page), 'whoever looks for it finds it').toBeVisible();
  });
}

test('shared text is shown once more, and then stands where today’s answer is written, sent to nobody', async ({
  pairUp,
}) => {
  const pair = await pairUp();
  const { page } = pair.child;
  const { share_target: target } = await (await page.request.get('/manifest.webmanifest')).json();
  await pair.child.open(pair.at('today'));
  await page.getByLabel('나의 답').fill('먼저 쓴 글');
  await expect(page.getByText('이 기기에 저장됨', { exact: true })).toBeVisible();

  expect(target).toMatchObject({ method: 'POST', enctype: 'application/x-www-form-urlencoded' });
  await share(page, { [target.params.title]: '메모', [target.params.text]: '가져온\n이야기' }, target.action);
  expect(new URL(page.url()).search, 'nobody’s words in an address that is sent').toBe('');
  await expect(page.getByLabel('가져온 글')).toHaveValue('메모\n가져온\n이야기');
  await page.getByLabel('가져온 글').fill('가져온 이야기');
  await page.getByRole('link', { name: '엄마와 나' }).click();
  await expect(page.getByLabel('나의 답')).toHaveValue('먼저 쓴 글\n\n가져온 이야기');
  await expect(page.getByText('이 기기에 저장됨', { exact: true })).toBeVisible();
  await page.reload();
  await expect(page.getByLabel('나의 답'), 'once').toHaveValue('먼저 쓴 글\n\n가져온 이야기');
  expect((await pair.parent.today(pair.id)).question!.answers).toBe('Open');
});

test(
  'shared text is for the day it was meant for, whatever is on the shelf ' + 'and whichever pair is opened first',
  async ({ pairUp, somebody, clock }) => {
    const pair = await pairUp({ pushTime: await clock.minute() });
    const { child } = pair;
    const { page } = child;
    const other = await child.startPair();
    await (await somebody('영호')).join(await child.invite(other));
    for (let day = 0; day < 8; day += 1) await clock.nextDay();
    expect((await child.today(pair.id)).later.length, 'something is on the shelf').toBeGreaterThan(0);

    await share(page, { text: '가져온 이야기' });
    await page.getByRole('link', { name: '엄마와 나' }).click();
    const field = page.locator('[data-answer]:not(.later *) textarea');
    await expect(field).toHaveValue('가져온 이야기');
    await expect(page.locator('.later textarea').first()).toHaveValue('');

    // The text is chosen for the mother's day, but the father's page is opened first.
    await share(page, { text: '다른 이야기' });
    await page.evaluate(() => document.addEventListener('click', (event) => event.preventDefault()));
    await page.getByRole('link', { name: '엄마와 나' }).click();
    await child.open(`/p/${other}/today`);
    await expect(page.getByLabel('나의 답').last()).toHaveValue('');
    await child.open(pair.at('today'));
    await expect(field).toHaveValue('가져온 이야기\n\n다른 이야기');
  },
);

test('shared text without a question to answer is kept in sight', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.complete();
  await share(page, { text: '가져온 이야기' });
  await page.getByRole('link', { name: '엄마와 나' }).click();
  await expect(page.locator('[data-unsent]:visible').getByText('가져온 이야기')).toBeVisible();
});

test('what is shared where no network is waits for one', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await page.goto('/');
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  await page.context().setOffline(true);
  await share(page, { text: '터널에서 가져온 이야기' });
  await expect(page.getByRole('heading', { name: '지금은 연결이 끊겼어요' })).toBeVisible();
  const again = page.waitForEvent('load');
  await page.getByRole('link', { name: '다시 열기' }).click();
  await again; // a page that is being left does not receive `online`
  await page.context().setOffline(false);
  // The page asks when the browser says that there is a network, and every 20 s.
  await expect(page.getByLabel('가져온 글')).toHaveValue('터널에서 가져온 이야기', { timeout: 30_000 });
});

test('a share without a service worker is read by the server, however long, and no news takes it away', async ({
  somebody,
  pairUp,
}) => {
  const child = await somebody('민지', { serviceWorkers: 'block' });
  const pair = await pairUp({ child });
  const { page } = child;
  const story = '골목에서 해가 질 때까지 놀았던 이야기. '.repeat(400).trim();
  const line = page.waitForResponse(
    (response) => response.url().includes('/events?') && response.frame().url().endsWith('/share'),
  );
  await share(page, { title: '', text: story, url: 'https://example.com/' }, '/share', false);
  await expect(page.getByLabel('가져온 글')).toHaveValue(`${story}\nhttps://example.com/`);
  await line;
  await page.evaluate(() => (document.body.dataset.seen = 'before'));
  const second = await page.context().newPage();
  await second.goto('/terms');
  await pair.parent.answer(pair.id, '골목에서 고무줄을 했지.');
  await expect(
    second.getByRole('link', { name: /알림함/ }).first(),
    'told by the tab that holds the line',
  ).toHaveAccessibleName(/알림함\s*2/);
  expect(await page.evaluate(() => document.body.dataset.seen)).toBe('before');
  await page.getByRole('link', { name: /와 나$/ }).click();
  await expect(page.getByLabel('나의 답')).toHaveValue(`${story}\nhttps://example.com/`);
});

test('a stranger’s share is asked to come in first', async ({ page }) => {
  expect((await page.goto('/share'))!.status()).toBe(401);
  await expect(page.getByRole('heading', { name: '먼저 들어와 주세요' })).toBeVisible();
});
