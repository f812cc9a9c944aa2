// Signing in with an account at a certified OpenID Connect provider.
import { type Browser, expect, test } from '@playwright/test';
import { Accounts } from '../support/provider.ts';

let accounts: Accounts;
test.beforeAll(async () => {
  accounts = await Accounts.start();
});
test.afterAll(() => accounts.stop());

const BUTTON = '모임으로 계속하기';
const newPage = async (browser: Browser, script = true) =>
  (await browser.newContext({ baseURL: accounts.server.url, javaScriptEnabled: script })).newPage();

test('somebody new signs up with an account, and comes in with it on another device', async ({ browser }) => {
  const phone = await newPage(browser);
  await phone.goto('/start');
  await phone.getByRole('link', { name: BUTTON }).click();
  await accounts.agree(phone, 'one');
  await expect(phone.getByRole('heading', { name: '처음 오셨나요?' })).toBeVisible();
  await phone.getByLabel('이름').fill('민지');
  await phone.getByRole('checkbox').first().check();
  await phone.getByRole('button', { name: '다음' }).click();
  await expect(phone).toHaveURL(/\/recovery$/);

  const tablet = await newPage(browser);
  await tablet.goto('/signin');
  await tablet.getByRole('link', { name: BUTTON }).click();
  await accounts.agree(tablet, 'one');
  await expect(tablet).toHaveURL(`${accounts.server.url}/`);
  expect((await tablet.request.get('/settings/sign-in')).status()).toBe(200);
});

test('a session links an account and unlinks it; without JavaScript with one tap more', async ({ browser }) => {
  const phone = await newPage(browser, false);
  await phone.goto('/start');
  await phone.getByLabel('이름').fill('준호');
  await phone.getByRole('checkbox').first().check();
  await phone.getByRole('button', { name: '다음' }).click();
  await expect(phone).toHaveURL(/\/recovery$/);
  await phone.goto('/settings/ways-in');
  await phone.getByRole('link', { name: '모임 계정 연결하기' }).click();
  await accounts.agree(phone, 'two');
  await phone.getByRole('button', { name: '계속' }).click();
  await expect(phone.locator('#identities .row')).toHaveCount(1);

  const tablet = await newPage(browser);
  await tablet.goto('/signin');
  await tablet.getByRole('link', { name: BUTTON }).click();
  await accounts.agree(tablet, 'two');
  await expect(tablet).toHaveURL(`${accounts.server.url}/`);
  // The account signs in and proves nothing more: on this device the recovery code is asked for first.
  await tablet.goto('/settings/ways-in');
  await expect(tablet.getByRole('button', { name: '확인하기' })).toBeVisible();
  await expect(tablet.getByRole('button', { name: '연결 끊기' })).toHaveCount(0);
  await phone.goto('/settings/ways-in');
  await phone.getByRole('button', { name: '연결 끊기' }).click();
  await expect(phone.locator('#identities .row')).toHaveCount(0);
});

test('turning back at the provider leads to the other ways', async ({ browser }) => {
  const page = await newPage(browser);
  await page.goto('/signin');
  await page.getByRole('link', { name: BUTTON }).click();
  await page.waitForURL(`${accounts.issuer}/**`);
  await page.getByText('Cancel').click();
  await expect(page.getByText('마치지 않고 돌아왔어요.')).toBeVisible();
  await page.getByRole('link', { name: '다른 방법으로 들어가기' }).click();
  await expect(page).toHaveURL(/\/signin$/);
});
