// A text is stored on the device until the server has it: without a network, and when the browser is killed.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KEPT, SAVED, WAITS, field, send, sendOffline, unsent } from '../support/drafts.ts';
import { untilKept } from '../support/kept.ts';
import { Person, expect, leave, test } from '../support/pair.ts';

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
    // A browser stores its cookies within half a minute. This session is younger.
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
  // The page is loaded again as soon as the text is deleted on the device, before it does anything else.
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
  // A page that is left may run for another moment and receive `online`. A closed page does not.
  const page = await pair.child.page.context().newPage();
  await pair.child.page.close();
  // The database opens late, as after a browser that was killed.
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
  await page.clock.runFor(3_000); // longer than the page waits for the database
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

test('a new version waits for what is being typed', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  // The database of this device does not open.
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
