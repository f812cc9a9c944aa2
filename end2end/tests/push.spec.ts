// Notifications in real browsers. Firefox subscribes at our push service, decrypts and shows. Chromium's worker gets
// payloads in clear through DevTools.
import { wholeChromium } from '../support/chromium.ts';
import { expect, test as base } from '../support/pair.ts';
import { Firefox } from '../support/firefox.ts';
import { untilKept } from '../support/kept.ts';
import { PushService } from '../support/push-service.ts';
import { PushWorker, allowNotifications } from '../support/push-worker.ts';
import { Server } from '../support/server.ts';

const test = base.extend<{ push: PushService; pushing: Server; firefox: Firefox }>({
  push: async ({}, use) => {
    const push = await PushService.start();
    await use(push);
    await push.stop();
  },
  /** A server that may send to the push service. */
  pushing: async ({ push }, use) => {
    const server = await Server.start({ PUSH_EXTRA_HOSTS: push.host });
    await use(server);
    await server.stop();
  },
  firefox: async ({ push }, use) => {
    const firefox = await Firefox.start({ pushService: push });
    await use(firefox);
    await firefox.stop();
  },
});

test.use({ launchOptions: wholeChromium });

test('asked after the first answer, told at the pair’s minute, and led to the page by a click', async ({
  push,
  pushing,
  firefox,
  somebody,
}) => {
  const parent = await somebody('순자', { baseURL: pushing.url });
  const pair = await parent.startPair(await pushing.clock.minute());
  const code = await parent.invite(pair);
  const page = await firefox.page();
  await page.goto(pushing.url);
  const post = (form: string, fields: Record<string, string>) =>
    page.evaluate(
      async ([form, fields]) =>
        (
          await fetch(`/api/${form}`, {
            method: 'POST',
            body: new URLSearchParams(fields),
            headers: { accept: 'application/json' },
          })
        ).status,
      [form, fields] as const,
    );
  expect(await post('check_invitation', { code })).toBe(200);
  expect(await post('join', { name: '민지', consent: 'yes', relation: 'daughter', zone: 'Asia/Seoul' })).toBe(200);

  // It must not be night for this person, whatever the hour of the test is.
  expect(await post('change_quiet_hours', {})).toBe(200);

  await page.goto(`${pushing.url}/p/${pair}/today`);
  await page.waitForSelector('textarea');
  expect(
    await page.$eval('[data-push=default]', (card) => (card as HTMLElement).hidden),
    'never before an answer',
  ).toBe(true);
  await page.type('textarea', '놀이터 그네요.');
  await page.locator('::-p-aria(답하기[role="button"])').click();
  await page.waitForSelector('::-p-text(엄마가 답하면 바로 알려드릴까요?)', { visible: true });
  await page.locator('::-p-aria(네, 알려 주세요[role="button"])').click();
  await firefox.answerPrompt(true);
  await expect.poll(() => push.endpoints.length).toBe(1);
  await expect
    .poll(async () =>
      page.evaluate(async () => {
        const devices = await (await fetch('/devices', { headers: { accept: 'text/html' } })).text();
        return devices.split('action="/api/rename_device"').length - 1;
      }),
    )
    .toBe(1);
  await page.goto(`${pushing.url}/settings`); // it shows no pair, and no event loads it again

  await parent.answer(pair, '마당 감나무 밑이지.');
  await pushing.clock.advance('+6s');
  const opened = await push.next();
  expect(await opened.ack, 'decrypted by the browser').toBe(100);
  expect(opened.body.includes('감나무')).toBe(false);
  await expect
    .poll(async () => (await firefox.shown()).map(({ title, body }) => [title, body]))
    .toEqual([['카드가 열렸어요', '엄마의 이야기가 기다리고 있어요: 가장 오래된 기억']]);

  await pushing.clock.nextDay();
  await pushing.clock.advance('+41s');
  const question = await push.next();
  expect(await question.ack).toBe(100);
  const { topic } = (await parent.today(pair)).question!;
  await expect
    .poll(async () => (await firefox.shown()).map(({ body }) => body))
    .toContain(`엄마와의 오늘 질문: ${topic}`);
  await firefox.click('오늘의 질문이 왔어요');
  const today = await firefox.pageAt(`/p/${pair}/today`);
  await today.waitForSelector('textarea');

  await today.goto(`${pushing.url}/devices`);
  await today.waitForSelector('::-p-text(마지막으로 열어 봄)');
  await today.locator('::-p-aria(시험 알림 보내기[role="button"])').click();
  expect(await (await push.next()).ack).toBe(100);
  await today.waitForSelector('::-p-text(알림이 잘 와요.)');
});

test('where subscribing fails the page says so, and what to do, until it works', async ({
  push,
  pushing,
  somebody,
}) => {
  const child = await somebody('민지', { baseURL: pushing.url });
  const { page } = child;
  const pair = await child.startPair();
  await child.answer(pair, '놀이터요.');
  await allowNotifications(page.context(), pushing.url);
  const on = page.getByText('이 기기는 알림을 받고 있어요.');
  const failed = page.getByRole('heading', { name: '이 기기에는 아직 알림이 오지 않아요' });
  const again = page.locator('[data-push=failed]').getByRole('button', { name: '다시 해 보기' });

  // A browser that has no push service refuses, as Brave and private windows do.
  await child.open(`/p/${pair}/today`);
  await expect(failed).toBeVisible();
  await page.goto('/devices');
  await expect(failed).toBeVisible();
  await expect(on).toBeHidden();

  const worker = await PushWorker.of(page);
  const subscribe = (endpoint: string) =>
    worker.worker().evaluate(async (endpoint) => {
      const scope = globalThis as unknown as {
        registration: ServiceWorkerRegistration;
        asked?: number;
        givenUp?: number;
      };
      const { publicKey, privateKey } = (await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, [
        'deriveBits',
      ])) as CryptoKeyPair;
      const text = (bytes: ArrayBuffer) =>
        btoa(String.fromCharCode(...new Uint8Array(bytes)))
          .replaceAll('+', '-')
          .replaceAll('/', '_')
          .replaceAll('=', '');
      const keys = {
        p256dh: text(await crypto.subtle.exportKey('raw', publicKey)),
        auth: text(new Uint8Array(16).fill(privateKey.extractable ? 7 : 0).buffer),
      };
      const unsubscribe = async () => {
        scope.givenUp = (scope.givenUp ?? 0) + 1;
        return true;
      };
      const subscription = { toJSON: () => ({ endpoint, keys }), unsubscribe, options: {} };
      scope.registration.pushManager.subscribe = async () => {
        scope.asked = (scope.asked ?? 0) + 1;
        return subscription as unknown as PushSubscription;
      };
    }, endpoint);
  const count = (what: 'asked' | 'givenUp') =>
    worker.worker().evaluate((what) => (globalThis as unknown as Record<string, number>)[what] ?? 0, what);

  await subscribe('https://push.evil.example/1');
  await again.click();
  // The page says the same before the server's refusal as after it, so the worker says when the refusal has come.
  await expect.poll(() => count('givenUp'), 'the server refuses the address').toBe(1);
  await expect(failed).toBeVisible();
  await expect(on).toBeHidden();

  await subscribe(`http://${push.host}/chromium`);
  await again.click();
  await expect(on).toBeVisible();
  await expect(failed).toBeHidden();

  // A page of an earlier release sends no port for an answer. Its subscription is renewed all the same.
  const asked = () => count('asked');
  await page.goto('/offline.html'); // this page sends no message by itself
  let before = -1;
  await expect
    .poll(async () => before === (before = await asked()), { intervals: [1_000], message: 'the pages before are done' })
    .toBe(true);
  await page.evaluate(() => navigator.serviceWorker.controller?.postMessage({ act: 'subscribe' }));
  await expect.poll(asked).toBe(before + 1);
});

test('the worker shows whatever comes, sets one in the place of its repeat, and opens only pages of ours', async ({
  pairUp,
  server,
}) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await allowNotifications(page.context(), server.url);
  await pair.child.open(pair.at('today'));
  const worker = await PushWorker.of(page);
  const told = {
    web_push: 8030,
    notification: {
      title: '오늘의 질문이 왔어요',
      body: '엄마와의 오늘 질문',
      lang: 'ko',
      tag: 'one',
      navigate: `${server.url}${pair.at('archive')}`,
    },
    app_badge: 2,
  };
  await worker.deliver(told);
  await worker.deliver(told);
  await expect
    .poll(async () => (await worker.shown()).map(({ title, body, tag }) => [title, body, tag]))
    .toEqual([['오늘의 질문이 왔어요', '엄마와의 오늘 질문', 'one']]);
  // The worker must be idle: Chromium hangs when DevTools ends a worker that is fetching.
  await untilKept(page, pair.at('today'), '/', pair.at('archive'));
  await worker.stop();
  await worker.deliver('{"broken');
  await expect
    .poll(async () => (await worker.shown()).map(({ title }) => title).sort())
    .toEqual(['엄빠도 어렸다', '오늘의 질문이 왔어요']);
  const broken = (await worker.shown()).find(({ title }) => title === '엄빠도 어렸다')!;
  expect(broken.data, 'one that names no page leads home').toMatchObject({ path: '/' });

  await worker.click('오늘의 질문이 왔어요');
  await expect(page).toHaveURL(pair.at('archive'));
  await worker.deliver({ notification: { title: '남의 집', tag: 'evil', navigate: 'https://evil.example/p' } });
  await expect.poll(async () => (await worker.shown()).map(({ title }) => title)).toContain('남의 집');
  await worker.click('남의 집');
  await expect(page).toHaveURL('/');
});

test('the bell counts live, the inbox reads itself, and every entry leads to its page', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.parent;
  await pair.parent.open('/settings'); // no event loads this page again, so the click finds it
  const bell = page.getByRole('link', { name: /알림함/ }).first();
  await expect(bell).toHaveAccessibleName('알림함');
  await pair.child.answer(pair.id, '놀이터요.');
  await expect(bell).toHaveAccessibleName(/알림함\s*1/);
  await bell.click();
  await expect(page.getByRole('heading', { name: '알림함' })).toBeVisible();
  await expect(page.getByRole('link', { name: /민지가 답했어요/ })).toContainText('가장 오래된 기억');
  await expect(bell, 'looking is reading').toHaveAccessibleName('알림함');
  await expect(page.getByText('새 소식', { exact: true }), 'and takes no mark away before one is gone').toBeVisible();
  await expect(page.getByRole('button', { name: '모두 읽음으로' })).toHaveCount(0);
  await page.getByRole('link', { name: /민지가 답했어요/ }).click();
  await expect(page).toHaveURL(pair.at('today'));
});

test('what comes while one looks at the inbox is there at once', async ({ pairUp }) => {
  const pair = await pairUp();
  await pair.parent.answer(pair.id, '골목에서 고무줄을 했지.');
  await pair.parent.open('/inbox');
  await pair.child.answer(pair.id, '놀이터요.');
  await expect(pair.parent.page.getByRole('link', { name: /민지의 이야기를 천천히/ })).toContainText(
    '가장 오래된 기억',
  );
});

test('whoever waits nudges once a day', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.answer(pair.id, '놀이터요.');
  await pair.child.open(pair.at('today'));
  await page.getByRole('button', { name: '엄마에게 콕' }).click();
  await expect(page.getByText('오늘 콕 두드렸어요.')).toBeVisible();
  await expect(page.getByRole('button', { name: '엄마에게 콕' })).toHaveCount(0);
  await pair.parent.open('/inbox');
  await expect(pair.parent.page.getByRole('link', { name: /콕! 민지가 두드렸어요/ })).toBeVisible();
});
