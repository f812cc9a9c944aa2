// What is written lies on the device until the server has it: in the subway, over a killed browser, past every conflict.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { untilKept } from '../support/kept.ts';
import { type Pair, Person, expect, leave, test } from '../support/pair.ts';

const KEPT = '이 기기에 저장됨';
const WAITS = '이 기기에 저장됨. 인터넷에 닿으면 저절로 보낼게요.';
const SAVED = '답을 잘 간직했어요.';

const field = (page: Page) => page.getByLabel('나의 답');
const send = (page: Page) => page.getByRole('button', { name: '답하기' }).click();
const unsent = (page: Page) => page.locator('[data-unsent]:visible');

/** All texts on this device, as JSON. */
const stored = (page: Page) =>
  page.evaluate(async () => {
    const asked = indexedDB.open('umbba');
    const db = await new Promise<IDBDatabase>((settle) => (asked.onsuccess = () => settle(asked.result)));
    const all = db.transaction('texts').objectStore('texts').getAll();
    const texts = await new Promise<object[]>((settle) => (all.onsuccess = () => settle(all.result)));
    db.close();
    return JSON.stringify(texts);
  });

/** Writes today's answer where no network is, and sends it. */
async function sendOffline(pair: Pair, text: string): Promise<void> {
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await page.context().setOffline(true);
  await field(page).fill(text);
  await send(page);
  await expect(page.getByText(WAITS)).toBeVisible();
}

test('an answer from the subway says that it lies here, goes by itself, and says that it went', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await page.context().setOffline(true);
  await field(page).fill('운동장 뒤 등나무 벤치요.');
  await expect(page.getByText(KEPT, { exact: true })).toBeVisible();
  await send(page);
  await expect(page.getByText(WAITS)).toBeVisible();
  expect((await pair.parent.today(pair.id)).question!.answers).toBe('Open');

  await page.context().setOffline(false);
  await expect(page.getByText(`보냄 ${SAVED}`)).toBeVisible();
  expect((await pair.parent.today(pair.id)).question!.answers).toBe('OtherIsWaiting');
});

test('on a page kept for the subway one can answer as well', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await untilKept(page, pair.at('today'));
  await page.context().setOffline(true);
  await page.reload();
  await expect(page.getByText('인터넷에 닿지 않아')).toBeVisible();
  await field(page).fill('운동장 뒤 등나무 벤치요.');
  await send(page);
  await expect(page.getByText(WAITS)).toBeVisible();
  await page.reload();
  await expect(page.getByText(WAITS), 'it is still said').toBeVisible();
  await expect(field(page)).toHaveValue('운동장 뒤 등나무 벤치요.');

  await page.context().setOffline(false);
  await expect.poll(async () => (await pair.parent.today(pair.id)).question!.answers).toBe('OtherIsWaiting');
  await expect(page.getByText('인터넷에 닿지 않아'), 'the page itself is here again').toHaveCount(0, {
    timeout: 30_000,
  }); // it looks every 20 s
  await expect(page.getByText(SAVED)).toBeVisible();
});

test('killing the browser after "saved" loses nothing, and the next start sends it', async ({
  pairUp,
  playwright,
  launchOptions,
  baseURL,
}) => {
  const pair = await pairUp();
  const profile = await mkdtemp(join(tmpdir(), 'umbba-profile-'));
  const launch = () =>
    playwright.chromium.launchPersistentContext(profile, { ...launchOptions, baseURL, locale: 'ko-KR' });
  let context = await launch();
  try {
    let phone = new Person('민지', context.pages()[0]);
    await phone.signInAs(pair.child);
    await phone.open(pair.at('today'));
    await context.setOffline(true);
    await field(phone.page).fill('지하철에서 쓴 글');
    await send(phone.page);
    await expect(phone.page.getByText(WAITS)).toBeVisible();
    // A browser writes its cookies down within half a minute; this session is younger.
    const cookies = await context.cookies();
    const gone = new Promise((settle) => context.once('close', settle));
    execFileSync('pkill', ['-KILL', '-f', profile]);
    await gone;
    expect((await pair.parent.today(pair.id)).question!.answers).toBe('Open');

    context = await launch();
    await context.addCookies(cookies);
    phone = new Person('민지', context.pages()[0]);
    await phone.page.goto('/');
    await expect(phone.page.getByText('기다리던 글을 보냈어요.')).toBeVisible();
    expect((await pair.parent.today(pair.id)).question!.answers).toBe('OtherIsWaiting');
    await leave(context);
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
});

test('a page that is drawn anew while what waited goes says that it went', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await page.route('**/api/submit_answer', (route) => route.abort());
  await pair.child.open(pair.at('today'));
  await field(page).fill('지하철에서 쓴 글');
  await send(page);
  await expect(page.getByText(WAITS)).toBeVisible();
  // The page ends as soon as the text is gone from the device, and does nothing after that.
  await page.addInitScript(() => {
    const remove = IDBObjectStore.prototype.delete;
    IDBObjectStore.prototype.delete = function (id) {
      this.transaction.addEventListener('complete', (event) => {
        if (!String(id).endsWith(':out') || sessionStorage.ended) return;
        sessionStorage.ended = 'yes';
        event.stopImmediatePropagation();
        location.reload();
      });
      return remove.call(this, id);
    };
  });
  await page.unroute('**/api/submit_answer');
  await page.goto('/');
  await expect(async () => expect(await page.evaluate(() => sessionStorage.ended)).toBe('yes')).toPass();
  await expect(page.getByText('기다리던 글을 보냈어요.')).toBeVisible();
});

test('a store that opens late holds nobody up, and what lies in it goes all the same', async ({ pairUp }) => {
  const pair = await pairUp();
  await sendOffline(pair, '지하철에서 쓴 글');
  // A page that is left may live on for a moment, and hear that the network is back; one that is closed does not.
  const page = await pair.child.page.context().newPage();
  await pair.child.page.close();
  // As after a browser that was killed: it opens, but not at once.
  await page.addInitScript(() => {
    const { open } = IDBFactory.prototype;
    IDBFactory.prototype.open = function (...args) {
      const asked = open.apply(this, args);
      let tell: (() => void) | undefined;
      Object.defineProperty(asked, 'onsuccess', { set: (told) => (tell = told) });
      asked.addEventListener('success', () => Object.assign(globalThis, { openStore: () => tell?.() }));
      return asked;
    };
  });
  await page.clock.install();
  await page.context().setOffline(false);
  await page.goto(pair.at('archive'));
  await page.waitForFunction(() => 'openStore' in globalThis);
  await page.clock.runFor(3_000); // longer than anybody waits for it
  expect((await pair.parent.today(pair.id)).question!.answers).toBe('Open');
  await page.evaluate(() => (globalThis as unknown as { openStore(): void }).openStore());
  await page.clock.runFor(10_000);
  await expect.poll(async () => (await pair.parent.today(pair.id)).question!.answers).toBe('OtherIsWaiting');
});

test('the other pages say that something waits', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await untilKept(page, pair.at('archive'));
  await sendOffline(pair, '운동장 뒤 등나무 벤치요.');
  await page.getByRole('link', { name: '보관함', exact: true }).click();
  const waits = page.getByText('아직 보내지 못한 답이 이 기기에 있어요.');
  await expect(waits).toBeVisible();
  await page.context().setOffline(false);
  await expect(waits).toBeHidden();
  await expect.poll(async () => (await pair.parent.today(pair.id)).question!.answers).toBe('OtherIsWaiting');
});

test('the same words sent from elsewhere are no draft any more', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await field(page).fill('운동장 뒤 등나무 벤치요.');
  await expect(page.getByText(KEPT, { exact: true })).toBeVisible();
  // As from a page whose form went before its script woke.
  await pair.child.answer(pair.id, ' 운동장 뒤 등나무 벤치요.\r\n');
  await expect(page.getByRole('article').getByText('운동장 뒤 등나무 벤치요.')).toBeVisible();
  await expect.poll(() => stored(page)).toBe('[]');
  await expect(unsent(page)).toHaveCount(0);
});

test('what another device answered meanwhile stays, and the text that waited is kept in sight', async ({
  pairUp,
  somebody,
}) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await sendOffline(pair, '지하철에서 쓴 글');
  const laptop = await somebody('민지');
  await laptop.signInAs(pair.child);
  await laptop.answer(pair.id, '집에서 쓴 글');

  await page.context().setOffline(false);
  await expect(unsent(page).getByText('다른 기기에서 먼저 답해서 이 글은 보내지 않았어요.')).toBeVisible();
  await expect(unsent(page).getByText('지하철에서 쓴 글')).toBeVisible();
  await expect(page.getByRole('article').getByText('집에서 쓴 글')).toBeVisible();
  await pair.child.open(pair.at('archive'));
  await expect(unsent(page).getByText('지하철에서 쓴 글'), 'on every page, until it is dropped').toBeVisible();
  await page.getByRole('button', { name: '이 글 지우기' }).click();
  await expect(page.getByText('지하철에서 쓴 글')).toHaveCount(0);
  await pair.child.open(pair.at('today'));
  await expect(page.getByText('집에서 쓴 글').first()).toBeVisible();
  await expect(unsent(page)).toHaveCount(0);
});

test('a waiting answer that had arrived already, its receipt lost with the page, is said to be saved and nothing else', async ({
  pairUp,
}) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await page.route('**/api/submit_answer', async (route) => {
    await route.fetch();
    await route.abort();
  });
  await pair.child.open(pair.at('today'));
  await field(page).fill('운동장 뒤 등나무 벤치요.');
  await send(page);
  await expect(page.getByText(SAVED).or(page.getByText(WAITS)).first()).toBeVisible();
  await expect.poll(async () => (await pair.parent.today(pair.id)).question!.answers).toBe('OtherIsWaiting');
  let isAway = true;
  await page.unroute('**/api/submit_answer');
  await page.route('**/api/submit_answer', (route) => (isAway ? route.abort() : route.continue()));
  await page.reload();
  await expect(page.getByText(WAITS), 'as far as this device knows').toBeVisible();
  isAway = false;
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await expect(page.getByText(WAITS)).toBeHidden();
  await expect(page.locator('details:has([data-answer])')).not.toHaveAttribute('open');
  await expect(page.getByText(SAVED)).toBeVisible();
});

test('a text that waited and is refused says why', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await sendOffline(pair, '거꾸로 \u202e 쓴 글');
  await page.context().setOffline(false);
  await expect(unsent(page).getByText('답에 쓸 수 없는 글자가 들어 있어요.')).toBeVisible();
  await expect(unsent(page).locator('.answer-text')).toHaveText('거꾸로 \u202e 쓴 글');
  expect((await pair.parent.today(pair.id)).question!.answers).toBe('Open');
});

test('what one is typing while another device answers is kept in sight', async ({ pairUp, somebody }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await field(page).fill('쓰던 글');
  const laptop = await somebody('민지');
  await laptop.signInAs(pair.child);
  await laptop.answer(pair.id, '집에서 쓴 글');
  await expect(page.getByRole('article').getByText('집에서 쓴 글')).toBeVisible();
  await expect(unsent(page).getByText('쓰던 글', { exact: true })).toBeVisible();
});

test('two tabs never write over one another', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await field(page).fill('한 시간 동안 쓴 긴 글');
  await expect(page.getByText(KEPT, { exact: true })).toBeVisible();
  const second = await page.context().newPage();
  await second.goto(pair.at('today'));
  await expect(field(second), 'the draft is for both').toHaveValue('한 시간 동안 쓴 긴 글');
  await field(page).fill('한 시간 동안 쓴 긴 글, 그리고 조금 더');
  await expect(page.getByText(KEPT, { exact: true })).toBeVisible();

  await field(second).fill('다른 글');
  await expect(unsent(second).getByText('다른 창에서, 또는 전에 쓰던 글')).toBeVisible();
  await expect(unsent(second).getByText('한 시간 동안 쓴 긴 글, 그리고 조금 더')).toBeVisible();
  await field(second).fill('');
  await expect(
    unsent(second).getByText('한 시간 동안 쓴 긴 글, 그리고 조금 더'),
    'nor is it forgotten with the other',
  ).toBeVisible();
});

test('what is typed before the page wakes up never goes over an earlier draft', async ({ pairUp, somebody }) => {
  const pair = await pairUp({ child: await somebody('민지', { serviceWorkers: 'block' }) });
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await field(page).fill('어제 쓰던 긴 글');
  await expect(page.getByText(KEPT, { exact: true })).toBeVisible();
  let wake = () => {};
  const awake = new Promise<void>((settle) => (wake = settle));
  await page.route('**/*.wasm', async (route) => {
    await awake;
    await route.continue();
  });
  await page.goto('/terms', { waitUntil: 'commit' });
  await page.goto(pair.at('today'), { waitUntil: 'commit' });
  await field(page).pressSequentially('안녕');
  wake();
  await expect(unsent(page).getByText('어제 쓰던 긴 글')).toBeVisible();
  await expect(field(page)).toHaveValue('안녕');
  await expect(page.getByText(KEPT, { exact: true })).toBeVisible();
});

test('better words for an answer whose receipt was lost are an edit of it', async ({ pairUp, somebody }) => {
  const pair = await pairUp({ child: await somebody('민지', { serviceWorkers: 'block' }) });
  const { page } = pair.child;
  await page.route('**/events?*', (route) => route.abort()); // no news of what arrived
  await page.route('**/api/submit_answer', async (route) => {
    await route.fetch();
    await page.context().setOffline(true);
    await route.abort();
  });
  const awake = page.waitForRequest(/\/events\?/); // only a page that is awake asks, though in vain
  await page.goto(pair.at('today'));
  await awake;
  await field(page).fill('먼저 쓴 글');
  await send(page);
  await expect(page.getByText(WAITS)).toBeVisible();
  expect((await pair.parent.today(pair.id)).question!.answers, 'it did arrive').toBe('OtherIsWaiting');
  await page.unroute('**/api/submit_answer');
  await field(page).fill('고쳐 쓴 글');
  await send(page);
  await expect(page.getByText(WAITS)).toBeVisible();
  await page.context().setOffline(false);
  await expect(page.getByRole('article').getByText('고쳐 쓴 글')).toBeVisible();
  await expect(unsent(page)).toHaveCount(0);
});

test('words sent while another answer is on its way are the ones that go', async ({ pairUp, somebody }) => {
  const child = await somebody('민지', { serviceWorkers: 'block' });
  const pair = await pairUp({ child });
  const { page } = child;
  const other = await child.startPair();
  await (await somebody('영호')).join(await child.invite(other));
  let answer = () => {};
  const held = new Promise<void>((settle) => (answer = settle));
  let isDown = true;
  const sent: string[] = [];
  await page.route('**/api/submit_answer', async (route) => {
    if (isDown) return route.abort();
    sent.push(new URLSearchParams(route.request().postData()!).get('body')!);
    if (route.request().postData()!.includes(encodeURIComponent('아빠에게'))) await held;
    return route.continue();
  });
  // Two answers wait, the father's first.
  for (const [id, text] of [
    [other, '아빠에게'],
    [pair.id, '먼저 쓴 글'],
  ]) {
    await child.open(`/p/${id}/today`);
    await field(page).fill(text);
    await send(page);
    await expect(page.getByText(WAITS)).toBeVisible();
  }
  isDown = false;
  const first = page.waitForRequest('**/api/submit_answer');
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await first;
  await field(page).fill('고쳐 쓴 글');
  await send(page);
  await expect.poll(() => stored(page)).toContain('고쳐 쓴 글');
  answer();
  await expect(page.getByRole('article').getByText('고쳐 쓴 글')).toBeVisible();
  await expect(unsent(page)).toHaveCount(0);
  expect(sent, 'never what they took the place of').toEqual(['아빠에게', '고쳐 쓴 글']);
});

test('where nothing can be kept and nothing be sent, nobody is told otherwise', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await page.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new Error('no store');
    };
  });
  await pair.child.open(pair.at('today'));
  await page.context().setOffline(true);
  await field(page).fill('운동장 뒤 등나무 벤치요.');
  await send(page);
  await expect(page.getByText('인터넷에 닿지 않아요. 적은 글은 그대로 있으니 잠시 후 다시 보내 주세요.')).toBeVisible();
  await expect(field(page)).toHaveValue('운동장 뒤 등나무 벤치요.');
  await expect(page.getByText(KEPT)).toHaveCount(0);
  await page.context().setOffline(false);
  await send(page);
  await expect(page.getByText(SAVED)).toBeVisible();
});

test('a pair closed meanwhile keeps the text and says so', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await sendOffline(pair, '지하철에서 쓴 글');
  await pair.parent.post('leave_pair', { pair: pair.id, confirmed: 'yes' });
  await page.context().setOffline(false);
  await expect(unsent(page).getByText('마친 짝이라 보낼 수 없어요. 적은 글은 여기 남겨 두었어요.')).toBeVisible();
  await expect(unsent(page).getByText('지하철에서 쓴 글')).toBeVisible();
});

test('a draft for a wording that was swapped away meanwhile is found by the next page', async ({ pairUp, clock }) => {
  const pair = await pairUp({ pushTime: await clock.minute() });
  const { page } = pair.child;
  await pair.complete();
  await clock.nextDay();
  await pair.child.open(pair.at('today'));
  await field(page).fill('바꾸기 전에 쓰던 글');
  await expect(page.getByText(KEPT, { exact: true })).toBeVisible();
  await page.goto('about:blank'); // nothing of ours is open while it is swapped
  const { question } = await pair.parent.today(pair.id);
  await pair.parent.post('swap_question', { daily_question: question!.id, version: String(question!.version) });
  await pair.child.open(pair.at('today'));
  await expect(unsent(page).getByText('바꾸기 전 질문에 쓰던 글')).toBeVisible();
  await expect(unsent(page).getByText('바꾸기 전에 쓰던 글')).toBeVisible();
  await expect(field(page)).toHaveValue('');
});

test('a server that cannot save is asked again', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await page.clock.install();
  let isBroken = true;
  await page.route('**/api/submit_answer', (route) =>
    isBroken ? route.fulfill({ status: 503, json: 'Unavailable' }) : route.continue(),
  );
  await pair.child.open(pair.at('today'));
  await field(page).fill('운동장 뒤 등나무 벤치요.');
  await send(page);
  await expect(page.getByText(WAITS)).toBeVisible();
  isBroken = false;
  await page.clock.runFor(10_000);
  await expect(page.getByText(SAVED)).toBeVisible();
});

test('an answer whose receipt was lost is one answer', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  const { as_of: before } = await pair.parent.today(pair.id);
  await page.clock.install();
  let sendings = 0;
  await page.route('**/api/submit_answer', async (route) => {
    await route.fetch();
    await (sendings ? route.continue() : route.abort());
    sendings += 1;
  });
  await pair.child.open(pair.at('today'));
  await field(page).fill('운동장 뒤 등나무 벤치요.');
  await send(page);
  await expect(page.getByText(SAVED)).toBeVisible();
  await page.clock.runFor(10_000);
  await expect.poll(() => sendings).toBe(2);
  await expect(unsent(page)).toHaveCount(0);
  expect((await pair.parent.today(pair.id)).as_of - before, 'what the other was told').toBe(1);
});

test('signing out sends what waits first', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  let isDown = true;
  await page.route('**/api/submit_answer', (route) => (isDown ? route.abort() : route.continue()));
  await pair.child.open(pair.at('today'));
  await field(page).fill('운동장 뒤 등나무 벤치요.');
  await send(page);
  await expect(page.getByText(WAITS)).toBeVisible();
  await pair.child.open('/settings');
  isDown = false;
  await page.getByRole('button', { name: '이 기기에서 나가기' }).click();
  await expect(page.getByRole('link', { name: '시작하기' })).toBeVisible();
  expect((await pair.parent.today(pair.id)).question!.answers).toBe('OtherIsWaiting');
});

test('signing out says how much would be lost, offers to copy it, and then leaves nothing', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.route('**/api/submit_answer', (route) => route.abort());
  await pair.child.open(pair.at('today'));
  await field(page).fill('남의 눈에 띄면 안 되는 글');
  await send(page);
  await expect(page.getByText(WAITS)).toBeVisible();
  await pair.child.open('/settings');
  // Twice, as some do everywhere: that is no yes.
  await page.getByRole('button', { name: '이 기기에서 나가기' }).dblclick();
  await expect(page.getByText('아직 보내지 못한 글이 1개 있어요. 지금 나가면 사라져요.')).toBeVisible();
  await expect(page.getByText('남의 눈에 띄면 안 되는 글')).toBeVisible();
  await page.getByRole('button', { name: '글 복사하기' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('남의 눈에 띄면 안 되는 글');
  await page.getByRole('button', { name: '그래도 나가기' }).click();
  await expect(page.getByRole('link', { name: '시작하기' })).toBeVisible();
  const left = await page.evaluate(async () => {
    const asked = indexedDB.open('umbba');
    const db = await new Promise<IDBDatabase>((settle) => (asked.onsuccess = () => settle(asked.result)));
    if (!db.objectStoreNames.contains('texts')) return [];
    const all = db.transaction('texts').objectStore('texts').getAll();
    return new Promise<object[]>((settle) => (all.onsuccess = () => settle(all.result)));
  });
  expect(left).toEqual([]);
});

test('where a browser lets nobody copy, the text is selected for the person’s own hand', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await page.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
  await page.route('**/api/submit_answer', (route) => route.abort());
  await pair.child.open(pair.at('today'));
  await field(page).fill('지하철에서 쓴 글');
  await send(page);
  await expect(page.getByText(WAITS)).toBeVisible();
  await pair.child.open('/settings');
  await page.getByRole('button', { name: '이 기기에서 나가기' }).click();
  await page.getByRole('button', { name: '글 복사하기' }).click();
  expect(await page.evaluate(() => String(getSelection()))).toBe('지하철에서 쓴 글');
});

test('signing out without a network is not done, and says so', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open('/settings');
  await page.context().setOffline(true);
  await page.getByRole('button', { name: '이 기기에서 나가기' }).click();
  await expect(page.getByText('인터넷에 닿지 않아 나가지 못했어요.')).toBeVisible();
});

test('a new version waits for what is being typed', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  // A device whose store cannot be written.
  await page.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new Error('no store');
    };
  });
  await pair.child.open(pair.at('today'));
  await field(page).fill('쓰던 글');
  await page.locator('[data-notice=build]').evaluate((bar) => ((bar as HTMLElement).hidden = false));
  await page.getByRole('link', { name: '새로고침' }).click();
  await expect(page.getByText('쓰던 글을 아직 저장하지 못했어요.')).toBeVisible();
  await expect(field(page)).toHaveValue('쓰던 글');
  await expect(page.getByText(KEPT, { exact: true }), 'nothing is said that is not so').toHaveCount(0);
  await send(page);
  await expect(page.getByText(SAVED)).toBeVisible();
});
