// Passkeys with Chromium's virtual authenticator: making one, signing in with it, and taking it away.
import type { Page } from '@playwright/test';
import { Authenticator } from '../support/authenticator.ts';
import { expect, test } from '../support/pair.ts';

const ADD = '이 기기에 패스키 만들기';
const SIGN_IN = '패스키로 로그인';
const SIGNED_IN = '/settings/sign-in';

const list = (page: Page) => page.locator('#passkeys .row');

async function add(page: Page): Promise<void> {
  await page.goto('/settings/ways-in');
  await page.getByRole('button', { name: ADD }).click();
  await expect(page.getByText('저장했어요')).toBeVisible();
}

/** The virtual authenticator answers at once what waits for a tap on the field: without this, before the button. */
const withButtonAlone = (page: Page) =>
  page.addInitScript(() => {
    PublicKeyCredential.isConditionalMediationAvailable = async () => false;
  });

interface Unknown {
  rpId: string;
  credentialId: string;
}

/** Notes which passkeys the browser is told to forget, and lets it forget them. */
async function forgotten(page: Page): Promise<Unknown[]> {
  const noted: Unknown[] = [];
  await page.exposeFunction('noteUnknown', (unknown: Unknown) => noted.push(unknown));
  await page.addInitScript(() => {
    const credential = PublicKeyCredential as unknown as { signalUnknownCredential?: (of: Unknown) => Promise<void> };
    const forget = credential.signalUnknownCredential?.bind(PublicKeyCredential);
    credential.signalUnknownCredential = async (unknown) => {
      await (window as unknown as { noteUnknown: (of: Unknown) => Promise<void> }).noteUnknown(unknown);
      await forget?.(unknown);
    };
  });
  return noted;
}

/** Whether the person of this page is signed in. */
async function isSignedIn(page: Page): Promise<boolean> {
  const answer = await page.request.get(SIGNED_IN);
  return answer.status() === 200;
}

test('a passkey is found in two taps, made, and signs in on another device', async ({ pairUp, somebody }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  const phone = await Authenticator.of(page);
  await page.goto(pair.at('settings/sign-in'));
  await page.getByRole('link', { name: '로그인 방법' }).click();
  await page.getByRole('button', { name: ADD }).click();
  await expect(list(page)).toHaveCount(1);
  await expect(list(page)).toContainText('같은 계정을 쓰는 다른 기기에서도 쓸 수 있어요');
  await expect(page.getByText('저장했어요')).toBeVisible();
  expect(await phone.passkeys()).toHaveLength(1);

  const tablet = (await somebody('민지')).page;
  await withButtonAlone(tablet);
  await (await Authenticator.of(tablet)).copyFrom(phone);
  await tablet.goto('/signin');
  await tablet.getByRole('button', { name: SIGN_IN }).click();
  await expect(tablet).toHaveURL(/\/$/);
  expect(await isSignedIn(tablet)).toBe(true);
  // The device that was signed in is told.
  await page.goto('/inbox');
  await expect(page.getByText('새로 들어온 기기가 있어요')).toBeVisible();
  await expect(page.getByText('로그인 방법이 하나 늘었어요')).toBeVisible();
});

test('the browser offers the passkey by itself on the sign-in page', async ({ pairUp, somebody }) => {
  const pair = await pairUp();
  const phone = await Authenticator.of(pair.child.page);
  await add(pair.child.page);
  const tablet = (await somebody('민지')).page;
  await (await Authenticator.of(tablet)).copyFrom(phone);
  await tablet.goto('/signin');
  await expect(tablet).toHaveURL(/\/$/);
  expect(await isSignedIn(tablet)).toBe(true);
});

test('a device without the passkey, and a person who turns back, read a sentence', async ({ pairUp, somebody }) => {
  const pair = await pairUp();
  const phone = await Authenticator.of(pair.child.page);
  await add(pair.child.page);
  await pair.child.page.goto('/settings/ways-in');
  await pair.child.page.getByRole('button', { name: ADD }).click();
  await expect(pair.child.page.getByText('이 기기에는 이미 패스키가 있어요.')).toBeVisible();

  const tablet = (await somebody('민지')).page;
  await withButtonAlone(tablet);
  const stranger = await Authenticator.of(tablet);
  await tablet.goto('/signin');
  await tablet.getByRole('button', { name: SIGN_IN }).click();
  await expect(tablet.getByText('기기에서 마치지 못했어요. 한 번 더 눌러 주세요.')).toBeVisible();
  // The person is not verified: the server would refuse, and the browser does.
  await stranger.copyFrom(phone);
  await stranger.isVerified(false);
  await tablet.getByRole('button', { name: SIGN_IN }).click();
  await expect(tablet.getByText('기기에서 마치지 못했어요. 한 번 더 눌러 주세요.')).toBeVisible();
  expect(await isSignedIn(tablet)).toBe(false);
  await stranger.isVerified(true);
  await tablet.getByRole('button', { name: SIGN_IN }).click();
  await expect(tablet).toHaveURL(/\/$/);
  expect(await isSignedIn(tablet)).toBe(true);
});

test('after ten minutes a passkey or the recovery code is asked for first', async ({ pairUp, server }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await Authenticator.of(page);
  await add(page);
  await server.clock.advance('+11m');
  await page.goto('/settings/ways-in');
  await expect(page.getByRole('button', { name: ADD })).toHaveCount(0);
  await page.getByText('이름 바꾸기').click();
  await page.getByLabel('패스키 이름').fill('거실 전화기');
  await page.getByRole('button', { name: '저장' }).click();
  await expect(list(page)).toContainText('거실 전화기');
  await page.getByRole('button', { name: '패스키로 확인하기' }).click();
  await expect(page.getByText('확인했어요. 10분 동안')).toBeVisible();
  await page.getByText('이름 바꾸기, 지우기').click();
  await page.getByRole('button', { name: '이 패스키 지우기' }).click();
  await expect(list(page)).toHaveCount(0);
});

test('a removed passkey and a challenge that is too old sign nobody in', async ({ pairUp, server, somebody }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  const phone = await Authenticator.of(page);
  await add(page);
  const tablet = (await somebody('민지')).page;
  await withButtonAlone(tablet);
  const unknown = await forgotten(tablet);
  const other = await Authenticator.of(tablet);
  await tablet.goto('/signin');
  await other.copyFrom(phone);
  await tablet.route('**/api/begin_passkey_sign_in', async (route) => {
    const response = await route.fetch();
    await server.clock.advance('+6m');
    await route.fulfill({ response });
  });
  await tablet.getByRole('button', { name: SIGN_IN }).click();
  await expect(tablet.getByText('시간이 지났어요. 한 번 더 눌러 주세요.')).toBeVisible();
  await tablet.unroute('**/api/begin_passkey_sign_in');
  expect(unknown).toEqual([]);

  await page.goto('/settings/ways-in');
  await page.getByText('이름 바꾸기, 지우기').click();
  await page.getByRole('button', { name: '이 패스키 지우기' }).click();
  await expect(list(page)).toHaveCount(0);
  await tablet.getByRole('button', { name: SIGN_IN }).click();
  await expect(tablet.getByText('이 패스키로는 들어올 수 없어요.')).toBeVisible();
  expect(await isSignedIn(tablet)).toBe(false);
  // The browser no longer offers it.
  await expect.poll(() => unknown).toEqual([{ rpId: 'localhost', credentialId: expect.stringMatching(/^[\w-]+$/) }]);
  await expect.poll(() => other.passkeys()).toEqual([]);
});
