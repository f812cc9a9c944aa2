// The return of a seat without scripts: links and forms for all three, to the end that moves the seat and to the one
// that does not.
import { expect, type Pair, type Person, test } from '../../support/pair.ts';

// Failed tries are counted by address, and all tests have the same one.
test.beforeEach(({ clock }) => clock.advance('+1h'));

/** The giver makes the invitation, and the new phone joins with its link. */
async function joinAgain(pair: Pair, { page }: Person): Promise<void> {
  const giver = pair.child.page;
  await giver.goto(pair.at('today'));
  await giver.getByRole('link', { name: '설정' }).click();
  await giver.getByRole('link', { name: '우리' }).click();
  await giver.getByRole('link', { name: '자리 되찾아 주기' }).click();
  await giver.getByRole('button', { name: '되찾기 초대 만들기' }).click();
  const link = await giver.getByText(/\/join\//).innerText();

  await page.goto(new URL(link).pathname);
  await page.getByRole('button', { name: '초대 확인' }).click();
  await expect(page.getByText(/자리를 되찾아 주려고 보낸 초대예요/)).toBeVisible();
  await page.getByLabel('이름').fill('순자새폰');
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: '함께하기' }).click();
  await page.getByRole('button', { name: '보관했어요' }).click();
  await expect(page.getByRole('heading', { name: '자리가 열리기를 기다리고 있어요' })).toBeVisible();
}

test('the old phone refuses on the pair’s page, and everything stays', async ({ pairUp, somebody, clock }) => {
  const pair = await pairUp();
  await pair.complete();
  const phone = await somebody('순자');
  await joinAgain(pair, phone);
  await clock.wait(47);

  const old = pair.parent.page;
  await old.goto('/inbox');
  await old.getByRole('link', { name: /내 자리를 새 기기로 옮기려고 해요/ }).click();
  await expect(old.getByText('순자새폰')).toBeVisible();
  await old.getByRole('button', { name: '거절하기' }).click();
  await expect(old.getByRole('button', { name: '거절하기' })).toHaveCount(0);
  await clock.wait(2);

  await old.goto(pair.at('archive'));
  await old.getByRole('link', { name: /가장 오래된 기억/ }).click();
  await expect(old.getByText('골목에서 고무줄을 했지.')).toBeVisible();
  for (const person of [phone, pair.child]) {
    await person.page.goto('/inbox');
    await expect(person.page.getByText('자리를 옮기지 않기로 했어요')).toBeVisible();
  }
  expect((await phone.page.goto(pair.at('today')))!.status()).toBe(404);
});

test('nobody refuses, and the seat goes on from the new phone', async ({ pairUp, somebody, clock }) => {
  const pair = await pairUp({ pushTime: await clock.minute() });
  await pair.complete();
  await clock.nextDay();
  await pair.parent.answer(pair.id, '아직 열리지 않은 글');
  const phone = await somebody('순자');
  await joinAgain(pair, phone);
  const [old, { page }] = [pair.parent.page, phone];
  await old.goto(pair.at('today'));
  await expect(old.getByRole('heading', { name: '내 자리를 새 기기로 옮기려고 해요' })).toBeVisible();

  await clock.wait(48);

  await old.goto(pair.at('today'));
  await expect(old.getByRole('heading', { name: '이 자리는 새 기기로 옮겨졌어요' })).toBeVisible();
  await page.goto('/inbox');
  await page.getByRole('link', { name: /자리가 새 기기로 옮겨졌어요/ }).click();
  await expect(page.getByText('전에 이 자리에서 쓴 답이 있어요.')).toBeVisible();
  await expect(page.getByText('아직 열리지 않은 글')).toHaveCount(0);
  await page.getByRole('link', { name: '보관함', exact: true }).click();
  await page.getByRole('link', { name: /가장 오래된 기억/ }).click();
  await expect(page.getByText('골목에서 고무줄을 했지.')).toBeVisible();

  const giver = pair.child.page;
  await giver.goto(pair.at('today'));
  await giver.getByLabel('나의 답').fill('딸의 글');
  await giver.getByRole('button', { name: '답하기' }).click();
  await expect(giver.getByText('아직 열리지 않은 글'), 'the card opened with it').toBeVisible();
  await page.goto(pair.at('today'));
  await expect(page.getByText('아직 열리지 않은 글')).toBeVisible();
  await expect(page.getByText('딸의 글')).toBeVisible();
});
