// Signing out sends the texts of the device, or shows them before they are lost.
import { WAITS, field, send, storedTexts } from '../support/drafts.ts';
import { expect, test } from '../support/pair.ts';
import { openFold } from '../support/fold.ts';

test('signing out sends what waits first', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  let isDown = true;
  await page.route('**/api/submit_answer', (route) => (isDown ? route.abort() : route.continue()));
  await pair.child.open(pair.at('today'));
  await field(page).fill('운동장 뒤 등나무 벤치요.');
  await send(page);
  await expect(page.getByText(WAITS)).toBeVisible();
  await pair.child.open('/settings/sign-in');
  await openFold(page, '나가기');
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
  await pair.child.open('/settings/sign-in');
  await openFold(page, '나가기');
  // Some people double-click everything. The second click must not count as a yes.
  await page.getByRole('button', { name: '이 기기에서 나가기' }).dblclick();
  await expect(page.getByText('아직 보내지 못한 글이 1개 있어요. 지금 나가면 사라져요.')).toBeVisible();
  await expect(page.getByText('남의 눈에 띄면 안 되는 글')).toBeVisible();
  await page.getByRole('button', { name: '글 복사하기' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('남의 눈에 띄면 안 되는 글');
  await page.getByRole('button', { name: '그래도 나가기' }).click();
  await expect(page.getByRole('link', { name: '시작하기' })).toBeVisible();
  expect(await storedTexts(page)).toEqual([]);
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
  await pair.child.open('/settings/sign-in');
  await openFold(page, '나가기');
  await page.getByRole('button', { name: '이 기기에서 나가기' }).click();
  await page.getByRole('button', { name: '글 복사하기' }).click();
  expect(await page.evaluate(() => String(getSelection()))).toBe('지하철에서 쓴 글');
});

test('signing out without a network is not done, and says so', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open('/settings/sign-in');
  await openFold(page, '나가기');
  await page.context().setOffline(true);
  await page.getByRole('button', { name: '이 기기에서 나가기' }).click();
  await expect(page.getByText('인터넷에 닿지 않아 나가지 못했어요.')).toBeVisible();
});
