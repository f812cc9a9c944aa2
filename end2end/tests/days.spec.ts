import type { Page } from '@playwright/test';
import { expect, type Pair, test } from '../support/pair.ts';
import { openFold } from '../support/fold.ts';

const FIRST = '가장 오래된 기억';

/** The topic of a question on the shelf. Other questions may contain the same words. */
const topic = (page: Page, name: string) => page.getByText(name, { exact: true });
const onShelf = (page: Page, name: string) => page.getByRole('listitem').filter({ has: topic(page, name) });

/** The pair's current question, in the wording for each of them. */
async function wordings(pair: Pair) {
  const [parent, child] = await Promise.all([pair.parent.today(pair.id), pair.child.today(pair.id)]);
  return { parent: parent.question!.wording, child: child.question!.wording };
}

test('the next question comes at the push time, into the open pages', async ({ pairUp, clock }) => {
  const pair = await pairUp({ pushTime: await clock.minute() });
  await pair.complete();
  await pair.child.open(pair.at('today'));
  await expect(pair.child.page.getByText('골목에서 고무줄을 했지.')).toBeVisible();

  await clock.advance('+23h');
  await clock.advance('+59m');
  await clock.tick();
  expect((await pair.child.today(pair.id)).question!.number, 'a minute before').toBe(1);
  await clock.advance('+1m');
  await clock.tick();

  const { page } = pair.child;
  await expect(page.getByText(/두 번째 질문/)).toBeVisible();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText((await wordings(pair)).child);
  await expect(page.getByLabel('나의 답')).toHaveValue('');
  await expect(page.getByRole('img', { name: '불 꺼진 두 창문. 아직 아무도 답하지 않았어요' })).toBeAttached();
});

test('a swap changes the question for both, live, and what the other was typing stays in sight', async ({
  pairUp,
  clock,
}) => {
  const pair = await pairUp({ pushTime: await clock.minute() });
  await pair.complete();
  await clock.nextDay();
  const [child, parent] = [pair.child.page, pair.parent.page];
  await pair.child.open(pair.at('today'));
  await pair.parent.open(pair.at('today'));
  const before = await wordings(pair);
  await expect(child.getByRole('heading', { level: 1 })).toHaveText(before.child);
  await parent.getByLabel('나의 답').pressSequentially('그때 우리 집 마당에');

  await child.getByRole('button', { name: '다른 질문으로 바꾸기' }).click();
  await expect(child.getByRole('heading', { level: 1 })).not.toHaveText(before.child);
  const after = await wordings(pair);
  await expect(child.getByRole('heading', { level: 1 })).toHaveText(after.child);
  await expect(parent.getByRole('heading', { level: 1 })).toHaveText(after.parent);
  await expect(parent.getByText('바꾸기 전 질문에 쓰던 글')).toBeVisible();
  await expect(parent.getByText('그때 우리 집 마당에')).toBeVisible();
  await expect(parent.getByLabel('나의 답'), 'never under the new question').toHaveValue('');
  await expect(parent.getByText('질문이 바뀌었어요.')).toBeVisible();

  await expect(child.getByRole('button', { name: '다른 질문으로 바꾸기' }), 'once a day').toHaveCount(0);
  await expect(parent.getByRole('button', { name: '다른 질문으로 바꾸기' })).toHaveCount(0);
  await pair.parent.open(pair.at('today'));
  await expect(parent.getByLabel('나의 답'), 'not even after a reload').toHaveValue('');
});

test('nobody swaps a question somebody has answered', async ({ pairUp, clock }) => {
  const pair = await pairUp({ pushTime: await clock.minute() });
  await pair.complete();
  await clock.nextDay();
  await pair.child.open(pair.at('today'));
  await expect(pair.child.page.getByRole('button', { name: '다른 질문으로 바꾸기' })).toBeVisible();
  await pair.parent.answer(pair.id, '라디오에서 나오던 노래.');
  await expect(pair.child.page.getByRole('button', { name: '다른 질문으로 바꾸기' })).toHaveCount(0);
});

test('after seven days without both answers a question is shelved, and can still be answered and opened', async ({
  pairUp,
  clock,
}) => {
  const pair = await pairUp({ pushTime: await clock.minute() });
  await pair.parent.answer(pair.id, '골목에서 고무줄을 했지.');
  for (let day = 1; day < 7; day++) await clock.nextDay();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await expect(page.getByText(/첫 번째 질문/)).toBeVisible();
  await page.getByLabel('나의 답').fill('빨간 자전거를 타고');

  await clock.nextDay();
  await expect(page.getByText(/두 번째 질문/)).toBeVisible();
  await expect(page.getByLabel('나의 답').first(), 'what was typed went with its question').toHaveValue('');
  await expect(page.getByRole('heading', { name: '나중에 답할 질문' })).toBeVisible();
  const shelf = onShelf(page, FIRST);
  await expect(shelf.getByLabel('나의 답'), 'nor is it out of sight').toBeVisible();
  await expect(shelf.getByLabel('나의 답')).toHaveValue('빨간 자전거를 타고');
  await shelf.getByLabel('나의 답').fill('빨간 자전거를 타고 골목을 돌았어요.');
  await shelf.getByRole('button', { name: '답하기' }).click();

  await expect(page.getByRole('heading', { name: '나중에 답할 질문' })).toHaveCount(0);
  await expect(page.getByText(/두 번째 질문/), 'today goes on').toBeVisible();
  await page.getByRole('link', { name: '보관함', exact: true }).click();
  await page.getByRole('link', { name: FIRST }).click();
  await expect(page.getByText('골목에서 고무줄을 했지.')).toBeVisible();
  await expect(page.getByText('빨간 자전거를 타고 골목을 돌았어요.')).toBeVisible();
});

test('what is typed for a shelved question survives the other answering another one of them', async ({
  pairUp,
  clock,
}) => {
  const pair = await pairUp({ pushTime: await clock.minute() });
  for (let day = 1; day <= 14; day++) await clock.nextDay();
  const { later } = await pair.parent.today(pair.id);
  const answered = later.find(({ topic }) => topic !== FIRST)!;
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await topic(page, FIRST).click();
  const field = onShelf(page, FIRST).getByLabel('나의 답');
  await field.pressSequentially('이불 속에서');

  await pair.parent.post('submit_answer', {
    daily_question: answered.id,
    version: String(answered.version),
    body: '만화방이지.',
  });
  await expect(page.getByRole('status').getByText('엄마가 답했어요.')).toBeVisible();
  await expect(field).toBeFocused();
  await field.pressSequentially(' 손전등을');
  await expect(field).toHaveValue('이불 속에서 손전등을');
});

test('whoever has waited a day may have a new question the next', async ({ pairUp, clock }) => {
  const pair = await pairUp({ pushTime: await clock.minute() });
  const [child, parent] = [pair.child.page, pair.parent.page];
  await pair.child.answer(pair.id, '운동장 뒤 등나무 벤치요.');
  await pair.child.open(pair.at('today'));
  await pair.parent.open(pair.at('today'));
  await expect(child.getByText('답을 잘 간직했어요.')).toBeVisible();
  await expect(child.getByRole('button', { name: '내일은 새 질문 받기' })).toHaveCount(0);

  await clock.nextDay();
  await child.getByRole('button', { name: '내일은 새 질문 받기' }).click();
  await expect(child.getByText('다음 시간에 새 질문이 찾아와요.')).toBeVisible();
  await clock.nextDay();

  await expect(child.getByText(/두 번째 질문/)).toBeVisible();
  await expect(onShelf(child, FIRST)).toContainText('엄마를 기다려요');
  await expect(parent.getByText(/두 번째 질문/)).toBeVisible();
  await expect(onShelf(parent, FIRST)).toContainText('내 답을 기다려요');
});

test('a pause shows its date to the other and nothing opens until then', async ({ pairUp, clock }) => {
  const pair = await pairUp({ pushTime: await clock.minute() });
  await pair.complete();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  const until = new Date(`${(await pair.parent.today(pair.id)).today}T00:00:00Z`);
  until.setUTCDate(until.getUTCDate() + 3);
  const title = `${until.getUTCMonth() + 1}월 ${until.getUTCDate()}일까지 쉬고 있어요`;

  await pair.parent.page.goto(pair.at('settings/us'));
  await openFold(pair.parent.page, '잠시 쉬기');
  await pair.parent.page.getByLabel('다시 시작하는 날').fill(until.toISOString().slice(0, 10));
  await pair.parent.page.getByRole('button', { name: '쉬기', exact: true }).click();
  await expect(pair.parent.page.getByText(title)).toBeVisible();
  await expect(page.getByText(title)).toBeVisible();

  await clock.nextDay();
  await clock.nextDay();
  expect((await pair.child.today(pair.id)).question!.number).toBe(1);
  await clock.nextDay();
  await expect(page.getByText(/두 번째 질문/)).toBeVisible();
  await expect(page.getByText(title)).toHaveCount(0);
});

test('a pause can end before its date', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await pair.parent.page.goto(pair.at('settings/us'));
  await openFold(pair.parent.page, '잠시 쉬기');
  await pair.parent.page.getByRole('button', { name: '쉬기', exact: true }).click();
  await expect(page.getByText(/까지 쉬고 있어요/)).toBeVisible();
  await pair.parent.page.getByRole('button', { name: '지금 다시 시작하기' }).click();
  await expect(page.getByText(/까지 쉬고 있어요/)).toHaveCount(0);
});

test('seven cards close a season with a page that sums it up', async ({ pairUp, clock }) => {
  const pair = await pairUp({ pushTime: await clock.minute() });
  for (let card = 1; card < 7; card++) {
    await pair.complete(`엄마의 ${card}번 이야기`, `민지의 ${card}번 이야기`);
    await clock.nextDay();
  }
  const { page } = pair.child;
  await pair.parent.answer(pair.id, '엄마의 7번 이야기');
  await pair.child.open(pair.at('today'));
  await page.getByLabel('나의 답').fill('민지의 7번 이야기');
  await page.getByRole('button', { name: '답하기' }).click();

  await expect(page.getByText('1번째 계절을 함께 보냈어요')).toBeVisible();
  await page.getByRole('link', { name: '이번 계절 돌아보기' }).click();
  await expect(page.getByRole('heading', { level: 1, name: '1번째 계절을 함께 보냈어요' })).toBeVisible();
  await expect(page.getByRole('heading', { level: 2 })).toHaveCount(7);
  for (let card = 1; card <= 7; card++) {
    await expect(page.getByText(`엄마의 ${card}번 이야기`)).toBeVisible();
    await expect(page.getByText(`민지의 ${card}번 이야기`)).toBeVisible();
  }
  await page.getByRole('link', { name: '보관함으로' }).click();
  await expect(page.getByRole('link', { name: '1번째 계절' })).toBeVisible();

  await clock.nextDay();
  expect((await pair.child.today(pair.id)).question!.number, 'it blocks nothing').toBe(8);
});
