// The bridge between a page and the native shell whose WebView shows it. Chromium is the WebView; FCM is our own.
import type { Page } from '@playwright/test';
import { FakeFcm } from '../support/fake-fcm.ts';
import { FakeShell, ON_FCM } from '../support/fake-shell.ts';
import { type Person, expect, test as base } from '../support/pair.ts';
import { openFold } from '../support/fold.ts';
import { Server } from '../support/server.ts';
import { ANDROID_SHELL, IPHONE_SHELL } from '../support/user-agents.ts';

const IS_ON = '이 앱이 알림을 받아요';
const IS_OFF = '아직 이 앱으로 알림이 오지 않아요';
const NO_DEVICE = '아직 알림을 받는 기기가 없어요.';
const DEVICE = 'Android · 엄빠도 어렸다';

const test = base.extend<{ fcm: FakeFcm; sending: Server }>({
  fcm: async ({}, use) => {
    const fcm = await FakeFcm.start();
    await use(fcm);
    await fcm.stop();
  },
  /** A server that sends through that FCM. */
  sending: async ({ fcm }, use) => {
    const server = await Server.start(fcm.settings);
    await use(server);
    await server.stop();
  },
});

/** Counts the posts of a page to `register_device` by the status of their answers; 0 for one without an answer. */
function countRegistrations(page: Page): number[] {
  const found: number[] = [];
  const isOne = (url: string) => new URL(url).pathname === '/api/register_device';
  page.on('response', (response) => void (isOne(response.url()) && found.push(response.status())));
  page.on('requestfailed', (request) => void (isOne(request.url()) && found.push(0)));
  return found;
}

/** Opens the page of the devices at another device of the same person, and waits for what it says. */
async function expectDevices(elsewhere: Person, text: string): Promise<void> {
  await elsewhere.page.goto('/devices');
  await expect(elsewhere.page.getByText(text)).toBeVisible();
}

test('a shell registers, is told, opens the page, counts, and is forgotten at sign-out', async ({
  fcm,
  sending,
  somebody,
  pairUp,
}) => {
  const baseURL = sending.url;
  const child = await somebody('민지', { baseURL, userAgent: ANDROID_SHELL, hasTouch: true, isMobile: true });
  const parent = await somebody('순자', { baseURL });
  const { page } = child;
  const shell = await FakeShell.around(page);
  const pair = await pairUp({ child, parent, pushTime: await sending.clock.minute() });
  await child.post('change_quiet_hours', {}); // it must not be night, whatever the hour of the test is

  await child.open('/devices');
  await expect(page.getByRole('heading', { name: IS_OFF })).toBeVisible();
  await expect(page.getByText(NO_DEVICE)).toBeVisible();
  await expect(page.locator('[data-push], [data-install]')).toHaveCount(0);
  await shell.allow();
  await expect(page.getByText(IS_ON)).toBeVisible();
  await expect(page.getByText(DEVICE)).toBeVisible();
  await expect(page.getByText('지금 이 기기')).toBeVisible();

  await child.open('/inbox'); // that the parent joined is read here
  await expect.poll(() => shell.badge).toBe(0);
  await child.open('/settings'); // no event of the day loads it again
  await parent.answer(pair.id, '마당 감나무 밑이지.');
  await expect.poll(() => shell.badge, 'the page tells the count live').toBe(1);
  await sending.clock.advance('+6s');
  const answered = await fcm.next();
  expect(answered.fid).toBe(ON_FCM.address);
  expect(answered.notification, 'the app draws it').toBeUndefined();
  expect(answered.data).toMatchObject({
    title: '엄마가 답했어요',
    navigate: `${baseURL}${pair.at('today')}`,
    channel: 'answer',
    lang: 'ko',
    app_badge: '1',
  });
  expect(JSON.stringify(answered), 'no word of the answer').not.toContain('감나무');
  await shell.receive(answered);
  await shell.tap('엄마가 답했어요');
  await expect(page).toHaveURL(pair.at('today'));
  await expect(page.getByLabel('나의 답')).toBeVisible();
  await expect.poll(() => shell.badge, 'what was opened is read').toBe(0);
  await child.open('/devices');
  await expect(page.getByText(/마지막으로 보여 줌/)).toBeVisible();
  await expect(page.getByText(/마지막으로 열어 봄/)).toBeVisible();

  await page.getByRole('button', { name: '시험 알림 보내기' }).click();
  await shell.receive(await fcm.next());
  await expect(page.getByText(/알림이 잘 와요/)).toBeVisible();

  await child.open('/settings');
  await sending.clock.nextDay();
  await sending.clock.advance('+41s');
  const reminder = await fcm.next();
  expect(reminder.data).toMatchObject({ title: '오늘의 질문이 기다려요', channel: 'reminder', app_badge: '1' });
  await shell.receive(reminder);
  expect(shell.badge).toBe(1);
  await child.open('/inbox');
  await expect.poll(() => shell.badge, 'what was looked at in the inbox is read').toBe(0);

  const elsewhere = await somebody('민지', { baseURL });
  await elsewhere.signInAs(child);
  await expectDevices(elsewhere, DEVICE);
  const before = shell.signedOut;
  await child.open('/settings/sign-in');
  await openFold(page, '나가기');
  await page.getByRole('button', { name: '이 기기에서 나가기' }).click();
  await expect(page.getByRole('link', { name: '시작하기' })).toBeVisible();
  await expect.poll(() => shell.signedOut - before, 'the page for nobody says so').toBeGreaterThan(0);
  expect(shell.isRegistered).toBe(false);
  expect(shell.shown).toEqual([]);
  await expectDevices(elsewhere, NO_DEVICE);
  const sent = fcm.received.length;
  await parent.answer(pair.id, '그 감나무에 올라갔지.');
  await sending.clock.advance('+10m');
  await sending.clock.tick();
  expect(fcm.received.length, 'nothing more is sent to that shell').toBe(sent);
});

test('a session that ended elsewhere ends the shell’s registration, and a new person gets a new one', async ({
  sending,
  somebody,
}) => {
  const child = await somebody('민지', { baseURL: sending.url, userAgent: ANDROID_SHELL });
  const shell = await FakeShell.around(child.page);
  const registrations = countRegistrations(child.page);
  await child.startPair();
  await child.open('/settings');
  await shell.allow();
  await expect.poll(() => registrations).toEqual([200]);
  await child.page.goto('/devices');
  await expect(child.page.getByText(DEVICE)).toBeVisible();
  await expect.poll(() => registrations, 'every page of a person registers again').toEqual([200, 200]);

  // The page stays open: what it posts is refused.
  await child.page.context().clearCookies();
  const before = shell.signedOut;
  await shell.allow({ ...ON_FCM, address: 'dIb2kYxTQ0-7sLw_9aZxQe' });
  await expect.poll(() => registrations.at(-1)).toBe(401);
  await expect.poll(() => shell.signedOut).toBeGreaterThan(before);
  expect(shell.isRegistered).toBe(false);

  const posted = registrations.length;
  const other = await somebody('서연', { baseURL: sending.url });
  await other.signUp();
  await child.page.goto('/terms');
  await shell.allow();
  await expect(child.page.getByRole('heading').first()).toBeVisible();
  expect(registrations.length, 'a page for nobody registers nothing').toBe(posted);
  await child.page.context().addCookies(await other.page.context().cookies());
  await child.page.goto('/devices');
  await expect.poll(() => registrations.at(-1)).toBe(200);
  await expect(child.page.getByText(IS_ON)).toBeVisible();
});

test('a registration waits for the network, and what the server refuses is not sent again on that page', async ({
  sending,
  server,
  somebody,
}) => {
  const child = await somebody('민지', { baseURL: sending.url, userAgent: ANDROID_SHELL });
  const shell = await FakeShell.around(child.page);
  const registrations = countRegistrations(child.page);
  await child.startPair();
  await child.open('/settings');
  let isDown = true;
  await child.page.route('**/api/register_device', (route) => (isDown ? route.abort() : route.continue()));
  await shell.allow();
  await expect.poll(() => registrations).toEqual([0]);
  isDown = false;
  await child.page.evaluate(() => dispatchEvent(new Event('online')));
  await expect.poll(() => registrations).toEqual([0, 200]);

  // An address that cannot be one is refused; the next address is sent all the same.
  await shell.allow({ ...ON_FCM, address: 'short' });
  await expect.poll(() => registrations.at(-1)).toBe(422);
  await shell.allow({ ...ON_FCM, address: 'short' });
  await child.page.evaluate(() => dispatchEvent(new Event('online')));
  await shell.allow({ ...ON_FCM, address: 'eIb2kYxTQ0-7sLw_9aZxQe' });
  await expect.poll(() => registrations).toEqual([0, 200, 422, 200]);

  // The other server has no FCM.
  const phone = await somebody('서연', { baseURL: server.url, userAgent: ANDROID_SHELL });
  const disabled = await FakeShell.around(phone.page);
  const refused = countRegistrations(phone.page);
  await phone.startPair();
  await phone.open('/devices');
  await disabled.allow();
  await expect.poll(() => refused).toEqual([409]);
  await disabled.allow();
  await phone.page.evaluate(() => dispatchEvent(new Event('online')));
  await expect(phone.page.getByRole('heading', { name: IS_OFF })).toBeVisible();
  await expect(phone.page.getByText(/여기서는 아직 이 앱으로 알림을 보낼 수 없어요/)).toBeVisible();
  expect(refused).toEqual([409]);
});

test('a shell may return an object, text or a promise, and a broken shell breaks nothing', async ({
  sending,
  somebody,
}) => {
  const errors: string[] = [];
  const phone = { baseURL: sending.url, userAgent: IPHONE_SHELL };
  const owner = await somebody('민지', phone);
  await owner.startPair();
  const storageState = await owner.page.context().storageState();
  /** Opens a page whose `umbbaShell` is made by this expression. Returns the posts of that page. */
  const open = async (shell: string) => {
    const person = await somebody('민지', { ...phone, storageState });
    const { page } = person;
    page.on('pageerror', (error) => errors.push(`${shell}: ${error.message}`));
    await page.addInitScript(`window.umbbaShell = ${shell}`);
    const registrations = countRegistrations(page);
    await person.open('/settings/sign-in');
    return { page, registrations };
  };
  const good = JSON.stringify(ON_FCM);
  // Android's injected objects refuse a method that is called without them.
  const bound = `{ registration() { if (this !== umbbaShell) throw new Error('unbound'); return '${good}' } }`;
  for (const shell of [bound, `{ registration: () => (${good}) }`, `{ registration: async () => (${good}) }`]) {
    const { registrations } = await open(shell);
    await expect.poll(() => registrations, shell).toEqual([200]);
  }
  for (const shell of [
    'undefined',
    '{}',
    '{ registration: 1, badge: "x", signedOut: null }',
    '{ registration() { throw new Error("no") }, badge() { throw new Error("no") } }',
    '{ registration: () => "{broken" }',
    '{ registration: () => ({ provider: 1, address: ["x"] }) }',
    '{ registration: () => new Promise(() => {}), badge: () => new Promise(() => {}) }',
  ]) {
    const { page, registrations } = await open(shell);
    await openFold(page, '나가기');
    await expect(page.getByRole('button', { name: '이 기기에서 나가기' })).toBeVisible();
    // A shell that works later is asked again.
    await page.evaluate(`window.umbbaShell = { registration: () => (${good}) }`);
    await page.evaluate(() => dispatchEvent(new Event('umbbashellregistration')));
    await expect.poll(() => registrations, shell).toEqual([200]);
  }
  expect(errors).toEqual([]);
});
