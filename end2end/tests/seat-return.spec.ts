// The return of a seat: the giver invites, a new phone joins and waits for 48 hours, and the seat moves or stays.
import type { Page } from '@playwright/test';
import { expectAccessibleByDayAndDusk } from '../support/a11y.ts';
import { keptPages, untilKept } from '../support/kept.ts';
import { expect, type Pair, type Person, test } from '../support/pair.ts';

const KEPT = '전에 이 자리에서 쓴 답이 있어요. 카드가 열리면 함께 보여 드려요.';

// Failed tries are counted by address, and all tests have the same one.
test.beforeEach(({ clock }) => clock.advance('+1h'));

/** The giver makes the invitation, and the new phone joins with its link. */
async function joinAgain(pair: Pair, phone: Person): Promise<void> {
  const giver: Page = pair.child.page;
  await giver.goto(pair.at('settings/us'));
  await giver.getByRole('link', { name: '자리 되찾아 주기' }).click();
  await expect(giver.getByRole('heading', { level: 1, name: '엄마의 자리 되찾기' })).toBeVisible();
  await expectAccessibleByDayAndDusk(giver);
  await giver.getByRole('button', { name: '되찾기 초대 만들기' }).click();
  await expectAccessibleByDayAndDusk(giver);
  const link = await giver.getByText(/\/join\//).innerText();

  const { page } = phone;
  await page.goto(new URL(link).pathname);
  await page.getByRole('button', { name: '초대 확인' }).click();
  await expect(page.getByText(/자리를 되찾아 주려고 보낸 초대예요/)).toBeVisible();
  await expectAccessibleByDayAndDusk(page);
  await page.getByLabel('이름').fill('순자새폰');
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: '함께하기' }).click();
  await page.getByRole('button', { name: '보관했어요' }).click();
  await expect(page).toHaveURL(pair.at('today'));
  await expect(page.getByRole('heading', { name: '자리가 열리기를 기다리고 있어요' })).toBeVisible();
  await expectAccessibleByDayAndDusk(page);
}

test('the seat moves after 48 hours, and the old phone finds the reason', async ({ pairUp, somebody, clock }) => {
  const pair = await pairUp({ pushTime: await clock.minute() });
  await pair.complete();
  await clock.nextDay();
  await pair.parent.answer(pair.id, '아직 열리지 않은 글');
  const phone = await somebody('순자');
  await joinAgain(pair, phone);
  const old = pair.parent.page;
  await old.goto(pair.at('today'));
  await expect(old.getByRole('heading', { name: '내 자리를 새 기기로 옮기려고 해요' })).toBeVisible();
  await expectAccessibleByDayAndDusk(old);
  await old.reload();
  await untilKept(old, pair.at('today'));

  await clock.wait(48);

  await expect(old.getByRole('heading', { name: '이 자리는 새 기기로 옮겨졌어요' }), 'live').toBeVisible();
  await expectAccessibleByDayAndDusk(old);
  await old.reload();
  await expect.poll(() => keptPages(old), 'the copies on the old phone').not.toContain(pair.at('today'));
  await phone.page.goto(pair.at('archive'));
  await phone.page.getByRole('link', { name: /가장 오래된 기억/ }).click();
  await expect(phone.page.getByText('골목에서 고무줄을 했지.')).toBeVisible();
  await phone.open(pair.at('today'));
  await expect(phone.page.getByText(KEPT)).toBeVisible();
  await expect(phone.page.getByText('답 고치기')).toBeHidden();
  await expectAccessibleByDayAndDusk(phone.page);

  await pair.child.answer(pair.id, '딸의 글');

  await expect(phone.page.getByText('아직 열리지 않은 글'), 'the card opened with it, live').toBeVisible();
});

test('the old phone refuses with one tap, and everything stays', async ({ pairUp, somebody, clock }) => {
  const pair = await pairUp();
  await pair.complete();
  const phone = await somebody('순자');
  await joinAgain(pair, phone);
  await clock.wait(47);

  const old = pair.parent.page;
  await old.goto('/inbox');
  await old.getByRole('link', { name: /내 자리를 새 기기로 옮기려고 해요/ }).click();
  await old.getByRole('button', { name: '거절하기' }).click();
  await clock.wait(2);

  await old.goto(pair.at('archive'));
  await expect(old.getByRole('link', { name: /가장 오래된 기억/ })).toBeVisible();
  await phone.page.goto('/inbox');
  await expect(phone.page.getByText('자리를 옮기지 않기로 했어요')).toBeVisible();
  expect((await phone.page.goto(pair.at('today')))!.status()).toBe(404);
});
