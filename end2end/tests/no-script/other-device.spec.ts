// A proof by another device without scripts: a number here, a choice there, and pages that load again by themselves.
import type { Page } from '@playwright/test';
import type { Clock } from '../../support/clock.ts';
import { expect, type Person, test } from '../../support/pair.ts';

const NUMBER = /^\d\d$/;

/** A person who signed up long ago on one device, and a second device of theirs. */
async function twoDevices(
  pairUp: () => Promise<{ child: Person }>,
  somebody: (name: '민지') => Promise<Person>,
  clock: Clock,
): Promise<[asking: Page, asked: Page]> {
  const { child } = await pairUp();
  await clock.advance('+1d');
  const phone = await somebody('민지');
  await phone.signInAs(child);
  await clock.advance('+1d');
  return [child.page, phone.page];
}

/** Asks for a number. Returns it as it is shown. */
async function ask(page: Page): Promise<string> {
  await page.goto('/settings/ways-in');
  await page.getByRole('link', { name: '다른 기기에서 확인하기' }).click();
  await page.getByRole('button', { name: '숫자 보기' }).click();
  return page.locator('main .digits').getByText(NUMBER).innerText();
}

/** Opens what the other device asks, from the inbox. Returns the three numbers. */
async function look(page: Page): Promise<string[]> {
  await page.goto('/inbox');
  await page
    .getByRole('link', { name: /다른 기기가 확인을 부탁했어요/ })
    .first()
    .click();
  const numbers = page.getByRole('button', { name: NUMBER });
  await expect(numbers).toHaveCount(3);
  return numbers.allInnerTexts();
}

test('the number is chosen on another device, and the first one goes on', async ({ pairUp, somebody, clock }) => {
  const [page, phone] = await twoDevices(pairUp, somebody, clock);
  const number = await ask(page);
  expect(await look(phone)).toContain(number);
  await phone.getByRole('button', { name: number, exact: true }).click();
  await expect(phone.getByText(/^확인했어요\. 이제 .*에서 10분 동안/)).toBeVisible();

  // The page of the device that asked loads again by itself.
  await expect(page.getByText('확인했어요. 10분 동안')).toBeVisible();
  await page.getByRole('link', { name: '로그인 방법' }).click();
  await expect(page.getByText('확인했어요. 10분 동안')).toBeVisible();
});

test('a wrong number proves nothing, and another one can be asked for', async ({ pairUp, somebody, clock }) => {
  const [page, phone] = await twoDevices(pairUp, somebody, clock);
  const number = await ask(page);
  const wrong = (await look(phone)).find((other) => other !== number)!;
  await phone.getByRole('button', { name: wrong, exact: true }).click();
  await expect(phone.getByText(/^확인했어요\./)).toHaveCount(0);

  await expect(page.getByText('다른 숫자를 골라서')).toBeVisible();
  await page.getByRole('button', { name: '숫자 보기' }).click();
  const second = await page.locator('main .digits').getByText(NUMBER).innerText();
  await look(phone);
  await phone.getByRole('button', { name: second, exact: true }).click();
  await expect(page.getByText('확인했어요. 10분 동안')).toBeVisible();
});

test('a person who did not ask says so and signs the device out', async ({ pairUp, somebody, clock }) => {
  const [page, phone] = await twoDevices(pairUp, somebody, clock);
  await ask(phone);
  await look(page);
  await page.getByRole('button', { name: '제가 아니에요' }).click();
  await expect(phone.getByText('‘제가 아니에요’를 눌러서')).toBeVisible();
  await page.getByRole('button', { name: /내보내기$/ }).click();
  await expect(page.getByText('저장했어요')).toBeVisible();
  expect((await phone.request.get('/settings/sign-in')).status()).toBe(401);
});
