import type { Page } from '@playwright/test';
import { untilKept } from '../support/kept.ts';
import { Nginx } from '../support/nginx.ts';
import { expect, type Pair, type Person, test } from '../support/pair.ts';
import { openFold } from '../support/fold.ts';

const SLOW = '이 연결에서는 새 소식이 조금 늦게 올 수 있어요.';
const LOST = '연결이 끊겼어요. 다시 잇고 있어요.';
const said = (page: Page, text: string) => page.getByText(text);

/** Every request for the feed that these pages make, in order. */
function lines(page: Page): string[] {
  const asked: string[] = [];
  page.context().on('request', (request) => {
    if (request.url().includes('/events?')) asked.push(request.url());
  });
  return asked;
}

/** One more tab of the same browser. */
async function tab(person: Person, path: string): Promise<Page> {
  const page = await person.page.context().newPage();
  await page.goto(path);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect
    .poll(() => page.evaluate(() => Boolean(sessionStorage.used)), 'it is awake, and hears what is said from now on')
    .toBe(true);
  return page;
}

/** A pair whose browsers connect through `url`. */
async function pairAt(
  url: string,
  somebody: (name: '준호' | '미경', options: { baseURL: string }) => Promise<Person>,
): Promise<Pair> {
  const [child, parent] = [await somebody('준호', { baseURL: url }), await somebody('미경', { baseURL: url })];
  const id = await child.startPair();
  await parent.join(await child.invite(id));
  return { id, child, parent, at: (page: string) => `/p/${id}/${page}` } as Pair;
}

test('seven tabs share one line, and all of them hear at once', async ({ pairUp }) => {
  const pair = await pairUp();
  const asked = lines(pair.child.page);
  await pair.child.open(pair.at('today'));
  const tabs = [pair.child.page];
  for (let at = 0; at < 6; at += 1) tabs.push(await tab(pair.child, pair.at('today')));
  await pair.child.answer(pair.id, '운동장 뒤 등나무 벤치요.');
  await pair.parent.answer(pair.id, '골목에서 고무줄을 했지.');
  for (const page of tabs) await expect(said(page, '골목에서 고무줄을 했지.')).toBeVisible();
  expect(asked, 'one line').toHaveLength(1);
  // A browser opens six HTTP/1.1 connections to a host. A seventh tab can load and post all the same.
  await tabs[6].goto(pair.at('archive'));
  await expect(tabs[6].getByRole('heading', { level: 1 })).toBeVisible();
});

test('when the tab that leads is closed another takes over and misses nothing', async ({ pairUp }) => {
  const pair = await pairUp();
  await pair.child.answer(pair.id, '운동장 뒤 등나무 벤치요.');
  await pair.child.open(pair.at('today'));
  const second = await tab(pair.child, pair.at('today'));
  const asked = lines(second);
  const line = second.waitForRequest(/\/events\?/);
  await pair.child.page.close();
  await pair.parent.answer(pair.id, '골목에서 고무줄을 했지.');
  await line;
  await expect(said(second, '골목에서 고무줄을 했지.')).toBeVisible();
  expect(asked).toHaveLength(1);
});

test('a tab that leads and has fallen silent is robbed by one that is looked at, after 35 s', async ({ pairUp }) => {
  const pair = await pairUp();
  await pair.child.answer(pair.id, '운동장 뒤 등나무 벤치요.');
  await pair.child.open(pair.at('today'));
  const second = await pair.child.page.context().newPage();
  await second.clock.install();
  await second.goto(pair.at('today'));
  await expect(second.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(second.locator('.presence'), 'awake').toBeAttached();
  // The leading tab is frozen: it holds the lock and is silent.
  await pair.child.page.evaluate(() => (BroadcastChannel.prototype.postMessage = () => {}));
  await pair.parent.answer(pair.id, '골목에서 고무줄을 했지.');
  await expect(said(pair.child.page, '골목에서 고무줄을 했지.')).toBeVisible();
  await expect(said(second, '골목에서 고무줄을 했지.')).toBeHidden();
  const line = second.waitForRequest(/\/events\?/);
  await second.clock.fastForward(40_000);
  await line;
  await expect(said(second, '골목에서 고무줄을 했지.')).toBeVisible();
  await pair.parent.post('change_relation', { pair: pair.id, relation: 'grandmother' });
  await expect(second.getByText('할머니').first()).toBeAttached();
  await expect(pair.child.page.getByText('할머니').first(), 'and who was robbed follows').toBeAttached();
});

test('behind a proxy that buffers, the line becomes a long poll, says so, and later tries again', async ({
  ownServer,
  somebody,
}) => {
  // The proxy compresses the stream although the server asks it not to, and compression buffers.
  const nginx = await Nginx.before(
    ownServer,
    'proxy_buffering on; proxy_ignore_headers X-Accel-Buffering; ' +
      'gzip on; gzip_proxied any; gzip_min_length 0; gzip_types text/event-stream;',
  );
  try {
    const pair = await pairAt(nginx.url, somebody);
    const { page } = pair.child;
    await pair.child.answer(pair.id, '운동장 뒤 등나무 벤치요.');
    await page.clock.install();
    const stream = page.waitForRequest(/\/events\?after=/);
    await page.goto(pair.at('today'));
    await stream;
    await expect(said(page, SLOW)).toBeHidden();
    const poll = page.waitForRequest(/\/events\?wait=/);
    await page.clock.fastForward(5_500);
    await poll;
    await pair.parent.answer(pair.id, '골목에서 고무줄을 했지.');
    await expect(said(page, '골목에서 고무줄을 했지.'), 'the poll is answered at once').toBeVisible();
    await expect(said(page, SLOW)).toBeVisible();
    // Ten minutes later the page tries the stream again.
    const again = page.waitForRequest(/\/events\?after=/);
    await page.clock.fastForward(600_000);
    await pair.parent.post('change_relation', { pair: pair.id, relation: 'grandmother' });
    await again;
  } finally {
    await nginx.stop();
  }
});

test('a proxy that drops idle lines costs nothing', async ({ ownServer, somebody }) => {
  const nginx = await Nginx.before(ownServer, 'proxy_buffering off; proxy_read_timeout 3s;');
  try {
    const pair = await pairAt(nginx.url, somebody);
    const { page } = pair.child;
    await pair.child.answer(pair.id, '운동장 뒤 등나무 벤치요.');
    await pair.child.open(pair.at('today'));
    // The proxy drops the connection, and the page opens it again from the last number.
    await page.waitForRequest(/\/events\?/);
    await pair.parent.answer(pair.id, '골목에서 고무줄을 했지.');
    await expect(said(page, '골목에서 고무줄을 했지.')).toBeVisible();
    await expect(said(page, SLOW), 'a line that breaks is no line that is held back').toBeHidden();
  } finally {
    await nginx.stop();
  }
});

test('behind a proxy whose server is away a page stays as it is, and goes on by itself', async ({
  ownServer,
  somebody,
}) => {
  const nginx = await Nginx.before(ownServer, '');
  try {
    const pair = await pairAt(nginx.url, somebody);
    const { page } = pair.child;
    await pair.child.open(pair.at('archive'));
    await page.evaluate(() => (document.body.dataset.seen = 'before'));
    const refused = page.waitForResponse(
      (response) => response.url().includes('/events?') && response.status() === 502,
    );
    await ownServer.halt();
    await refused;
    await expect(said(page, LOST)).toBeVisible();
    await ownServer.resume();
    await expect(said(page, LOST)).toBeHidden({ timeout: 30_000 }); // each wait is longer than the one before
    expect(await page.evaluate(() => document.body.dataset.seen), 'nobody loaded it anew for that').toBe('before');
    await pair.child.answer(pair.id, '운동장 뒤 등나무 벤치요.');
    await pair.parent.answer(pair.id, '골목에서 고무줄을 했지.');
    await expect(page.locator('.card-list a, .card-link').first(), 'and it hears what is new').toBeVisible();
  } finally {
    await nginx.stop();
  }
});

test('a tab that takes over while the line is down says so no longer than it is', async ({ ownServer, somebody }) => {
  const pair = await pairAt(ownServer.url, somebody);
  await pair.child.open(pair.at('today'));
  const second = await tab(pair.child, pair.at('today'));
  await ownServer.halt();
  await expect(said(second, LOST)).toBeVisible();
  await pair.child.page.close();
  await ownServer.resume();
  await expect(said(second, LOST)).toBeHidden();
});

test('where tabs cannot agree each has a line, and one too many comes back when somebody comes to it', async ({
  pairUp,
  server,
}) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await page.addInitScript(() => Object.defineProperty(navigator, 'locks', { value: undefined }));
  const asked = lines(page);
  await pair.child.open(pair.at('today'));
  // A request is not a connection yet: one that arrives after the eight would replace one of them.
  const there = page.context().waitForEvent('response', (response) => response.url().includes('/events?'));
  await tab(pair.child, pair.at('today'));
  await there;
  expect(asked).toHaveLength(2);

  // Eight more connections of this browser replace both.
  const cookies = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
  const ending = new AbortController();
  const ends = [];
  for (let at = 0; at < 8; at += 1) {
    const line = await fetch(`${server.url}/events?after=0`, {
      headers: { cookie: cookies, accept: 'application/x-ndjson' },
      signal: ending.signal,
    });
    ends.push(line.body!.getReader());
    await ends[at].read();
  }
  await pair.parent.answer(pair.id, '골목에서 고무줄을 했지.');
  for (const end of ends) {
    let heard = '';
    while (!heard.includes('answer_submitted')) {
      const { done, value } = await end.read();
      // A stream that has ended can be read for ever, and no limit would end this loop.
      expect(done, `a line that goes on, after ${heard}`).toBe(false);
      heard += new TextDecoder().decode(value);
    }
  }
  expect(asked, 'not by itself').toHaveLength(2);

  await page.evaluate(() => dispatchEvent(new Event('focus')));
  await expect.poll(() => asked).toHaveLength(3);
  await expect(page.getByText('답했어요').first(), 'from where it was').toBeVisible();
  ending.abort();
});

test('the settings say by which road news comes', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open('/settings/sign-in');
  await openFold(page, '들어와 있는 기기');
  await expect(said(page, '새 소식은 이 기기에 바로 와요.')).toBeVisible();
  const second = await tab(pair.child, '/settings/sign-in');
  await openFold(second, '들어와 있는 기기');
  await expect(said(second, '열려 있는 다른 창이 받아서 알려 줘요.')).toBeVisible();
});

test('an answer that both see live costs five requests, and so does the one that opens the card', async ({
  pairUp,
}) => {
  const pair = await pairUp();
  const asked: string[] = [];
  for (const [name, who] of [
    ['child', pair.child],
    ['parent', pair.parent],
  ] as const) {
    await who.post('read_inbox', { seq: '1000' });
    await who.open(pair.at('today'));
    await untilKept(who.page, pair.at('today'), '/', pair.at('archive'));
    who.page.context().on('request', (request) => {
      const { pathname } = new URL(request.url());
      // Presence has its own timers, and is counted in its own tests.
      if (pathname !== '/api/presence')
        asked.push(`${name} ${request.method()} ${pathname.replace(pair.at('today'), 'today')}`);
    });
  }
  const costs = (writer: string, other: string) => [
    `${writer} POST /api/submit_answer`,
    `${writer} POST /api/today`,
    `${writer} GET today`, // the service worker stores the page
    `${other} POST /api/today`,
    `${other} POST /api/seen_live`,
  ];
  const field = (page: Page) => page.getByLabel('나의 답');
  await field(pair.child.page).fill('놀이터요.');
  await pair.child.page.getByRole('button', { name: '답하기' }).click();
  await expect(pair.parent.page.getByRole('status').getByText('민지가 답했어요.')).toBeVisible();
  await expect.poll(() => [...asked].sort()).toEqual(costs('child', 'parent').sort());
  await field(pair.parent.page).fill('마당이지.');
  await pair.parent.page.getByRole('button', { name: '답하기' }).click();
  await expect(pair.child.page.getByRole('heading', { name: '엄마의 이야기' })).toBeVisible();
  await expect.poll(() => [...asked].sort()).toEqual([...costs('child', 'parent'), ...costs('parent', 'child')].sort());
});
