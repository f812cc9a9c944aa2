// Reading without a network: what is kept on a device, what never is, and whose it is.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Firefox } from '../support/firefox.ts';
import { age, kept, keptPages, untilKept } from '../support/kept.ts';
import { Nginx } from '../support/nginx.ts';
import { type Pair, type Person, expect, test } from '../support/pair.ts';
import { openFold } from '../support/fold.ts';
import { Proxy } from '../support/proxy.ts';
import { PushService } from '../support/push-service.ts';
import { SITE, Server } from '../support/server.ts';

const OFFLINE = '지금은 연결이 끊겼어요';

/** Opens a page of a pair and waits until the worker has stored it. */
async function visit(person: Person, path: string): Promise<void> {
  await person.open(path);
  await untilKept(person.page, path);
}

async function cardOf(pair: Pair, says?: string): Promise<string> {
  await pair.complete(says);
  return pair.at(`cards/${(await pair.child.today(pair.id)).question!.id}`);
}

test('without a network today and the last cards are there and say their age', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  const card = await cardOf(pair, '골목에서 고무줄을 했지.');
  await visit(pair.child, pair.at('today'));
  await untilKept(page, '/', pair.at('archive'), card);
  await age(page, pair.at('today'), 10);
  await page.context().setOffline(true);

  await page.goto(pair.at('today'));
  await expect(page.getByText('인터넷에 닿지 않아 10분 전 모습을 보여 드려요.')).toBeVisible();
  await expect(page.getByText('골목에서 고무줄을 했지.')).toBeVisible();
  await expect(page.locator('html')).not.toHaveAttribute('data-hydration', 'failed');
  await page.goto(card);
  await expect(page.getByText('인터넷에 닿지 않아 방금 전 모습을 보여 드려요.'), 'never opened before').toBeVisible();
  await expect(page.getByText('골목에서 고무줄을 했지.')).toBeVisible();
  await page.getByRole('link', { name: '보관함' }).first().click();
  await expect(page).toHaveURL(pair.at('archive'));
  await age(page, '/', 3 * 24 * 60);
  await page.goto('/archive');
  await expect(
    page.getByText('인터넷에 닿지 않아 3일 전 모습을 보여 드려요.'),
    'a shortcut leads to the list of pairs',
  ).toBeVisible();
});

test('a kept page is found by every address it goes by', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  const card = await cardOf(pair, '골목에서 고무줄을 했지.');
  await visit(pair.child, pair.at('today'));
  await untilKept(page, '/', pair.at('archive'), card);
  await page.context().setOffline(true);
  const addresses = [
    `/p/${pair.id}`,
    `/p/${pair.id}/`,
    `${pair.at('today')}/`,
    `${pair.at('today')}?utm_source=kakao&fbclid=1`,
    `${card}?utm_medium=share`,
    `${card}/`,
    `${pair.at('archive')}?utm_source=kakao`,
    '/?source=pwa',
  ];
  for (const address of addresses) {
    await page.goto(address);
    await expect(page.getByText('인터넷에 닿지 않아'), address).toBeVisible();
    await expect(page.getByRole('heading', { name: OFFLINE }), address).toHaveCount(0);
  }
});

test('a kept copy gives way to the page itself when the network is back', async ({ pairUp }) => {
  const again = { timeout: 30_000 }; // the page asks every 20 s, and at once on `online`
  const pair = await pairUp();
  const { page } = pair.child;
  const card = await cardOf(pair);
  await visit(pair.child, card);
  await page.context().setOffline(true);
  await page.goto(card);
  await expect(page.getByText('인터넷에 닿지 않아')).toBeVisible();
  await page.context().setOffline(false);
  await expect(page.getByText('인터넷에 닿지 않아')).toHaveCount(0, again);
  await expect(page.locator('html'), 'the page itself listens again').toHaveAttribute('data-as-of', /\d/);
});

test('an answer given on today’s page is in its copy', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await visit(pair.child, pair.at('today'));
  await page.getByLabel('나의 답').fill('운동장 뒤 등나무 벤치요.');
  await page.getByRole('button', { name: '답하기' }).click();
  await expect(page.getByText('답을 잘 간직했어요.')).toBeVisible();
  const copy = () =>
    page.evaluate(async (path) => (await (await caches.match(path))!.text()).includes('등나무 벤치'), pair.at('today'));
  await expect.poll(copy).toBe(true);
  await page.context().setOffline(true);
  await page.reload();
  await expect(page.getByText('운동장 뒤 등나무 벤치요.').first()).toBeVisible();
});

test('behind a proxy whose server is away the kept copy is shown, not the proxy’s page', async ({
  ownServer,
  somebody,
}) => {
  const nginx = await Nginx.before(ownServer, '');
  try {
    const child = await somebody('민지', { baseURL: nginx.url });
    const today = `/p/${await child.startPair()}/today`;
    await visit(child, today);
    await ownServer.halt();
    const { page } = child;
    await page.goto(today);
    await expect(page.getByText('인터넷에 닿지 않아 방금 전 모습을 보여 드려요.')).toBeVisible();
    await ownServer.resume();
    await expect(page.getByText('인터넷에 닿지 않아'), 'until it is there again').toHaveCount(0, { timeout: 30_000 });
  } finally {
    await nginx.stop();
  }
});

test('a form without a network leads back to its page, whatever the referrer says', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await visit(pair.child, pair.at('today'));
  await pair.child.open(pair.at('settings/me'));
  await page.evaluate(() =>
    document.head.append(Object.assign(document.createElement('meta'), { name: 'referrer', content: 'origin' })),
  );
  await openFold(page, '보기');
  await page.context().setOffline(true);
  await page.getByRole('button', { name: '저장하기' }).last().click();
  await expect(page.getByRole('heading', { name: '지금은 연결이 끊겼어요' })).toBeVisible();
  expect(new URL(page.url()).pathname).toBe(pair.at('settings/me'));
});

test('a sign-in that was refused takes no copies away', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await visit(pair.child, pair.at('today'));
  await page.goto('/signin');
  await page.getByLabel('복구 코드').fill('ABCD-ABCD-ABCD-ABCD');
  const refused = page.waitForResponse(
    (response) => response.request().method() === 'POST' && response.url().endsWith('/api/sign_in'),
  );
  await page.getByRole('button', { name: '들어가기' }).click();
  expect((await refused).status()).toBeGreaterThanOrEqual(400);
  await expect(page.getByLabel('복구 코드')).toBeVisible();
  expect(await keptPages(page)).toContain(pair.at('today'));
});

test('codes, settings, devices and the inbox are in no cache', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await visit(pair.child, pair.at('today'));
  const never = [
    '/recovery',
    '/settings',
    '/settings/sign-in',
    '/settings/ways-in',
    '/settings/other-device',
    '/settings/delete',
    '/devices',
    '/hand-over',
    '/hand-over/0a1b',
    '/inbox',
    '/start',
    '/signin',
    '/signin/digits',
    '/signin/wait',
    '/join',
    pair.at('settings'),
    pair.at('settings/us'),
    pair.at('invite'),
  ];
  for (const path of never) await page.goto(path);
  await visit(pair.child, pair.at('archive'));
  const paths = Object.values(await kept(page)).flat();
  const allowed = [
    /^\/$|^\/p\/[^/]+\/(today|archive|cards\/.+)$|^\/pkg\//,
    /^\/(offline\.html|offline\.css|kept\.js|favicon\.svg|fonts\/question\.woff2)$/,
  ];
  expect(paths.filter((path) => !allowed.some((pattern) => pattern.test(path)))).toEqual([]);

  // A worker that the browser has just started may go offline a moment later than its page.
  await page.context().setOffline(true);
  await expect(async () => {
    await page.goto('/recovery');
    await expect(page.getByRole('heading', { name: OFFLINE })).toBeVisible({ timeout: 2_000 });
  }).toPass();
});

test('after signing out nothing of the person is on the device', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await visit(pair.child, pair.at('today'));
  await page.goto(pair.at('settings/sign-in'));
  await page.evaluate(() => localStorage.setItem('draft:1', '쓰다 만 글'));
  await openFold(page, '나가기');
  await page.getByRole('button', { name: '나가기' }).click();
  await expect(page.getByRole('link', { name: '시작하기' })).toBeVisible();
  expect(await keptPages(page)).toEqual([]);
  expect(await page.evaluate(() => Object.keys(localStorage))).toEqual([]);

  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  await expect
    .poll(() => page.evaluate(() => Boolean(navigator.serviceWorker.controller)), 'the worker is there again')
    .toBe(true);
  await page.context().setOffline(true);
  await page.goto(pair.at('today'));
  await expect(page.getByRole('heading', { name: OFFLINE })).toBeVisible();
});

test('a session ended elsewhere takes the copies along, at the first page that says so', async ({
  pairUp,
  somebody,
}) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await visit(pair.child, pair.at('today'));
  const phone = await somebody('민지');
  await phone.signInAs(pair.child);
  const settings = await (await phone.page.request.get('/settings/sign-in')).text();
  // The page offers to end every session but its own.
  await phone.post('end_session', { session: settings.match(/name="session" value="([^"]+)"/)![1]! });
  // The open page learns that its session has ended, and loads itself again.
  await expect(page.getByRole('heading', { name: '먼저 들어와 주세요' })).toBeVisible();
  await expect.poll(() => keptPages(page)).toEqual([]);
});

test('whoever signs in next never sees the copies of the one before', async ({ pairUp }) => {
  const [ours, theirs] = [await pairUp(), await pairUp({ parent: '상철', child: '지훈' })];
  const { page } = ours.child;
  await visit(ours.child, ours.at('today'));
  const mine = Object.keys(await kept(page)).filter((name) => name.startsWith('pages:'));
  const code = await theirs.child.recoveryCode();
  await page.goto('/signin');
  await page.getByLabel('복구 코드').fill(code);
  await page.getByRole('button', { name: '들어가기' }).click();
  await expect(page.getByRole('heading', { name: /지훈/ })).toBeVisible();
  expect(Object.keys(await kept(page)).filter((name) => mine.includes(name))).toEqual([]);
  await page.context().setOffline(true);
  await page.goto(ours.at('today'));
  await expect(page.getByRole('heading', { name: OFFLINE })).toBeVisible();
});

test('a network that hangs gives the copy, and a page without one is waited for', async ({ server, somebody }) => {
  const proxy = await Proxy.before(server);
  const child = await somebody('준호', { baseURL: proxy.url });
  try {
    const today = `/p/${await child.startPair()}/today`;
    await visit(child, today);
    proxy.hang();
    await child.page.goto(today);
    await expect(child.page.getByText('인터넷에 닿지 않아 방금 전 모습을 보여 드려요.')).toBeVisible();
    const settings = child.page.goto('/settings');
    proxy.flow();
    expect((await settings)!.status()).toBe(200);
  } finally {
    await child.page.context().close();
    await proxy.stop();
  }
});

test('a page is shown only with the files of its own build', async ({ somebody }) => {
  const site = await mkdtemp(join(tmpdir(), 'umbba-site-'));
  await cp(SITE, site, { recursive: true });
  const server = await Server.start({ SITE_ROOT: site });
  try {
    const [child, parent] = [
      await somebody('유나', { baseURL: server.url }),
      await somebody('영호', { baseURL: server.url }),
    ];
    const id = await child.startPair();
    await parent.join(await child.invite(id));
    await parent.answer(id, '골목에서 고무줄을 했지.');
    await child.answer(id, '운동장 뒤 등나무 벤치요.');
    const [today, card] = [`/p/${id}/today`, `/p/${id}/cards/${(await child.today(id)).question!.id}`];
    const { page } = child;
    const builds = async () => Object.keys(await kept(page)).filter((name) => name.startsWith('build:'));
    await visit(child, today);
    await untilKept(page, card, `/p/${id}/archive`);
    const [old] = await builds();

    // A copy is not shown without the list of its build's files. Offline first, as the worker may still be gathering.
    await page.context().setOffline(true);
    await page.evaluate(async (name) => {
      const files = await caches.open(name);
      for (const request of await files.keys()) if (request.url.endsWith('/files.json')) await files.delete(request);
    }, old);
    await page.goto(card);
    await expect(page.getByRole('heading', { name: OFFLINE })).toBeVisible();
    await page.goto('about:blank'); // the offline page would load the address again by itself
    await page.context().setOffline(false);

    // A new build: the server has no file of the old one, and the device removes them when it has the new one whole.
    await server.halt();
    for (const packed of ['.br', '.gz']) await rm(join(site, `pkg/umbba.css${packed}`), { force: true });
    await writeFile(
      join(site, 'pkg/umbba.css'),
      `${await readFile(join(site, 'pkg/umbba.css'), 'utf8')}\n/* newer */\n`,
    );
    await server.resume();
    await visit(child, today);
    await expect.poll(async () => (await builds()).includes(old)).toBe(false);
    const [now] = await builds();
    expect(now).not.toBe(old);
    await untilKept(page, today, card);
    const copies = await page.evaluate(
      (paths) => Promise.all(paths.map(async (path) => `build:${(await caches.match(path))!.headers.get('x-keep')}`)),
      [today, card],
    );
    expect(copies).toEqual([now, now]);

    await page.context().setOffline(true);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(card);
    await expect(page.getByText('골목에서 고무줄을 했지.')).toBeVisible();
    const files = asked.filter((path) => path.startsWith('/pkg/'));
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((path) => !path.startsWith(`/pkg/${now.slice('build:'.length)}/`))).toEqual([]);
  } finally {
    await server.stop();
    await rm(site, { recursive: true, force: true });
  }
});

test('Firefox too keeps today, shows it without a server, and forgets it on signing out', async ({ ownServer }) => {
  const pushService = await PushService.start();
  let firefox: Firefox | undefined;
  try {
    firefox = await Firefox.start({ pushService });
    const page = await firefox.page();
    await page.goto(ownServer.url);
    const post = (form: string, fields: Record<string, string>) =>
      page.evaluate(
        async ([form, fields]) =>
          (
            await fetch(`/api/${form}`, {
              method: 'POST',
              body: new URLSearchParams(fields),
              headers: { accept: 'application/json' },
            })
          ).headers.get('location')!,
        [form, fields] as const,
      );
    await post('sign_up', { name: '민지', consent: 'yes', zone: 'Asia/Seoul' });
    const today = await post('start_pair', {
      role: 'child',
      child_relation: 'daughter',
      push_time: '21:00',
      zone: 'Asia/Seoul',
    });
    const pages = () =>
      page.evaluate(async () => {
        const names = (await caches.keys()).filter((name) => name.startsWith('pages:'));
        const kept = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
        return kept.flat().map(({ url }) => url.slice(location.origin.length));
      });
    await page.goto(ownServer.url + today);
    await expect.poll(pages).toEqual(expect.arrayContaining(['/', today, today.replace('today', 'archive')]));

    await ownServer.halt();
    await page.goto(ownServer.url + today);
    expect(await page.$eval('.kept-bar', ({ textContent }) => textContent)).toContain(
      '인터넷에 닿지 않아 방금 전 모습을 보여 드려요.',
    );
    await ownServer.resume();

    await page.goto(ownServer.url + today.replace('today', 'settings/sign-in'));
    await page.evaluate(() => localStorage.setItem('draft:1', '쓰다 만 글'));
    await page.$eval('form[action="/api/sign_out"] > .actions:last-child button', (button) =>
      (button as HTMLElement).click(),
    );
    await page.waitForSelector('a[href="/signin"]', { timeout: 15_000 });
    await expect.poll(pages).toEqual([]);
    expect(await page.evaluate(() => localStorage.length)).toBe(0);
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  } finally {
    await firefox?.stop();
    await pushService.stop();
  }
});
