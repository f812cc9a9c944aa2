// A proof by another device of the same person: a number here, and a choice there.
import type { Page } from '@playwright/test';
import { expectAccessibleByDayAndDusk } from '../support/a11y.ts';
import { expect, test } from '../support/pair.ts';

const NUMBER = /^\d\d$/;

/** Asks for a number. Returns it as it is shown. */
async function ask(page: Page): Promise<string> {
  await page.goto('/settings/ways-in');
  await page.getByRole('link', { name: '다른 기기에서 확인하기' }).click();
  await page.getByRole('button', { name: '숫자 보기' }).click();
  return page.locator('main .digits').getByText(NUMBER).innerText();
}

test('a number on this device is chosen on another one, and both pages follow', async ({ pairUp, somebody, clock }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await clock.advance('+11m');
  const phone = await somebody('민지');
  await phone.signInAs(pair.child);
  const number = await ask(page);
  await expectAccessibleByDayAndDusk(page);

  await phone.page.goto('/inbox');
  await phone.page.getByRole('link', { name: /다른 기기가 확인을 부탁했어요/ }).click();
  await expect(phone.page.getByRole('button', { name: NUMBER })).toHaveCount(3);
  await expectAccessibleByDayAndDusk(phone.page);
  await phone.page.getByRole('button', { name: number, exact: true }).click();
  await expect(phone.page.getByText(/^확인했어요\. 이제 .*에서 10분 동안/)).toBeVisible();

  // The page of the device that asked loads again by itself.
  await expect(page.getByText('확인했어요. 10분 동안')).toBeVisible();
  await page.getByRole('link', { name: '로그인 방법' }).click();
  await expect(page.getByText('확인했어요. 10분 동안')).toBeVisible();
});

test('a person who did not ask says so and signs the device out', async ({ pairUp, somebody, clock }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await clock.advance('+1d');
  const phone = await somebody('민지');
  await phone.signInAs(pair.child);
  await clock.advance('+1d');
  await ask(phone.page);
  await page.goto('/settings/ways-in');
  await page.getByRole('link', { name: '다른 기기의 부탁 보기' }).click();
  await page.getByRole('button', { name: '제가 아니에요' }).click();
  await expect(phone.page.getByText('‘제가 아니에요’를 눌러서')).toBeVisible();
  await page.getByRole('button', { name: /내보내기$/ }).click();
  await expect(page.getByText('저장했어요')).toBeVisible();
  expect((await phone.page.request.get('/settings/sign-in')).status()).toBe(401);
});
