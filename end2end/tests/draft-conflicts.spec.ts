// A text on the device never goes over another one, and its writer sees every text that cannot become an answer.
import { KEPT, SAVED, WAITS, field, send, sendOffline, storedTexts, unsent } from '../support/drafts.ts';
import { expect, test } from '../support/pair.ts';

test('the same words sent from elsewhere are no draft any more', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await field(page).fill('운동장 뒤 등나무 벤치요.');
  await expect(page.getByText(KEPT, { exact: true })).toBeVisible();
  // A form that is sent before its script has started sends the same words.
  await pair.child.answer(pair.id, ' 운동장 뒤 등나무 벤치요.\r\n');
  await expect(page.getByRole('article').getByText('운동장 뒤 등나무 벤치요.')).toBeVisible();
  await expect.poll(() => storedTexts(page)).toEqual([]);
  await expect(unsent(page)).toHaveCount(0);
});

test('what another device answered meanwhile stays, and the text that waited is kept in sight', async ({
  pairUp,
  somebody,
}) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await sendOffline(pair, '지하철에서 쓴 글');
  const laptop = await somebody('민지');
  await laptop.signInAs(pair.child);
  await laptop.answer(pair.id, '집에서 쓴 글');

  await page.context().setOffline(false);
  await expect(unsent(page).getByText('다른 기기에서 먼저 답해서 이 글은 보내지 않았어요.')).toBeVisible();
  await expect(unsent(page).getByText('지하철에서 쓴 글')).toBeVisible();
  await expect(page.getByRole('article').getByText('집에서 쓴 글')).toBeVisible();
  await pair.child.open(pair.at('archive'));
  await expect(unsent(page).getByText('지하철에서 쓴 글'), 'on every page, until it is dropped').toBeVisible();
  await page.getByRole('button', { name: '이 글 지우기' }).click();
  await expect(page.getByText('지하철에서 쓴 글')).toHaveCount(0);
  await pair.child.open(pair.at('today'));
  await expect(page.getByText('집에서 쓴 글').first()).toBeVisible();
  await expect(unsent(page)).toHaveCount(0);
});

test(
  'a waiting answer that had arrived already, its receipt lost with the page, ' +
    'is said to be saved and nothing else',
  async ({ pairUp }) => {
    const pair = await pairUp();
    const { page } = pair.child;
    await page.route('**/api/submit_answer', async (route) => {
      await route.fetch();
      await route.abort();
    });
    await pair.child.open(pair.at('today'));
    await field(page).fill('운동장 뒤 등나무 벤치요.');
    await send(page);
    await expect(page.getByText(SAVED).or(page.getByText(WAITS)).first()).toBeVisible();
    await expect.poll(async () => (await pair.parent.today(pair.id)).question!.answers).toBe('OtherIsWaiting');
    let isAway = true;
    await page.unroute('**/api/submit_answer');
    await page.route('**/api/submit_answer', (route) => (isAway ? route.abort() : route.continue()));
    await page.reload();
    await expect(page.getByText(WAITS), 'as far as this device knows').toBeVisible();
    isAway = false;
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await expect(page.getByText(WAITS)).toBeHidden();
    await expect(page.locator('details:has([data-answer])')).not.toHaveAttribute('open');
    await expect(page.getByText(SAVED)).toBeVisible();
  },
);

test('a text that waited and is refused says why', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await sendOffline(pair, '거꾸로 \u202e 쓴 글');
  await page.context().setOffline(false);
  await expect(unsent(page).getByText('답에 쓸 수 없는 글자가 들어 있어요.')).toBeVisible();
  await expect(unsent(page).locator('.answer-text')).toHaveText('거꾸로 \u202e 쓴 글');
  expect((await pair.parent.today(pair.id)).question!.answers).toBe('Open');
});

test('what one is typing while another device answers is kept in sight', async ({ pairUp, somebody }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await field(page).fill('쓰던 글');
  const laptop = await somebody('민지');
  await laptop.signInAs(pair.child);
  await laptop.answer(pair.id, '집에서 쓴 글');
  await expect(page.getByRole('article').getByText('집에서 쓴 글')).toBeVisible();
  await expect(unsent(page).getByText('쓰던 글', { exact: true })).toBeVisible();
});

test('two tabs never write over one another', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await field(page).fill('한 시간 동안 쓴 긴 글');
  await expect(page.getByText(KEPT, { exact: true })).toBeVisible();
  const second = await page.context().newPage();
  await second.goto(pair.at('today'));
  await expect(field(second), 'the draft is for both').toHaveValue('한 시간 동안 쓴 긴 글');
  await field(page).fill('한 시간 동안 쓴 긴 글, 그리고 조금 더');
  await expect(page.getByText(KEPT, { exact: true })).toBeVisible();

  await field(second).fill('다른 글');
  await expect(unsent(second).getByText('다른 창에서, 또는 전에 쓰던 글')).toBeVisible();
  await expect(unsent(second).getByText('한 시간 동안 쓴 긴 글, 그리고 조금 더')).toBeVisible();
  await field(second).fill('');
  await expect(
    unsent(second).getByText('한 시간 동안 쓴 긴 글, 그리고 조금 더'),
    'nor is it forgotten with the other',
  ).toBeVisible();
});

test('what is typed before the page wakes up never goes over an earlier draft', async ({ pairUp, somebody }) => {
  const pair = await pairUp({ child: await somebody('민지', { serviceWorkers: 'block' }) });
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await field(page).fill('어제 쓰던 긴 글');
  await expect(page.getByText(KEPT, { exact: true })).toBeVisible();
  let wake = () => {};
  const awake = new Promise<void>((settle) => (wake = settle));
  await page.route('**/*.wasm', async (route) => {
    await awake;
    await route.continue();
  });
  await page.goto('/terms', { waitUntil: 'commit' });
  await page.goto(pair.at('today'), { waitUntil: 'commit' });
  await field(page).pressSequentially('안녕');
  wake();
  await expect(unsent(page).getByText('어제 쓰던 긴 글')).toBeVisible();
  await expect(field(page)).toHaveValue('안녕');
  await expect(page.getByText(KEPT, { exact: true })).toBeVisible();
});

test('better words for an answer whose receipt was lost are an edit of it', async ({ pairUp, somebody }) => {
  const pair = await pairUp({ child: await somebody('민지', { serviceWorkers: 'block' }) });
  const { page } = pair.child;
  await page.route('**/events?*', (route) => route.abort()); // no event says that it arrived
  await page.route('**/api/submit_answer', async (route) => {
    await route.fetch();
    await page.context().setOffline(true);
    await route.abort();
  });
  const awake = page.waitForRequest(/\/events\?/); // only a hydrated page asks
  await page.goto(pair.at('today'));
  await awake;
  await field(page).fill('먼저 쓴 글');
  await send(page);
  await expect(page.getByText(WAITS)).toBeVisible();
  expect((await pair.parent.today(pair.id)).question!.answers, 'it did arrive').toBe('OtherIsWaiting');
  await page.unroute('**/api/submit_answer');
  await field(page).fill('고쳐 쓴 글');
  await send(page);
  await expect(page.getByText(WAITS)).toBeVisible();
  await page.context().setOffline(false);
  await expect(page.getByRole('article').getByText('고쳐 쓴 글')).toBeVisible();
  await expect(unsent(page)).toHaveCount(0);
});

test('words sent while another answer is on its way are the ones that go', async ({ pairUp, somebody }) => {
  const child = await somebody('민지', { serviceWorkers: 'block' });
  const pair = await pairUp({ child });
  const { page } = child;
  const other = await child.startPair();
  await (await somebody('영호')).join(await child.invite(other));
  let answer = () => {};
  const held = new Promise<void>((settle) => (answer = settle));
  let isDown = true;
  const sent: string[] = [];
  await page.route('**/api/submit_answer', async (route) => {
    if (isDown) return route.abort();
    sent.push(new URLSearchParams(route.request().postData()!).get('body')!);
    if (route.request().postData()!.includes(encodeURIComponent('아빠에게'))) await held;
    return route.continue();
  });
  // Two answers are queued, the one to the father first.
  for (const [id, text] of [
    [other, '아빠에게'],
    [pair.id, '먼저 쓴 글'],
  ]) {
    await child.open(`/p/${id}/today`);
    await field(page).fill(text);
    await send(page);
    await expect(page.getByText(WAITS)).toBeVisible();
  }
  isDown = false;
  const first = page.waitForRequest('**/api/submit_answer');
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await first;
  await field(page).fill('고쳐 쓴 글');
  await send(page);
  await expect.poll(async () => JSON.stringify(await storedTexts(page))).toContain('고쳐 쓴 글');
  answer();
  await expect(page.getByRole('article').getByText('고쳐 쓴 글')).toBeVisible();
  await expect(unsent(page)).toHaveCount(0);
  expect(sent, 'never what they took the place of').toEqual(['아빠에게', '고쳐 쓴 글']);
});

test('a pair closed meanwhile keeps the text and says so', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await sendOffline(pair, '지하철에서 쓴 글');
  await pair.parent.post('leave_pair', { pair: pair.id, confirmed: 'yes' });
  await page.context().setOffline(false);
  await expect(unsent(page).getByText('마친 짝이라 보낼 수 없어요. 적은 글은 여기 남겨 두었어요.')).toBeVisible();
  await expect(unsent(page).getByText('지하철에서 쓴 글')).toBeVisible();
});

test('a draft for a wording that was swapped away meanwhile is found by the next page', async ({ pairUp, clock }) => {
  const pair = await pairUp({ pushTime: await clock.minute() });
  const { page } = pair.child;
  await pair.complete();
  await clock.nextDay();
  await pair.child.open(pair.at('today'));
  await field(page).fill('바꾸기 전에 쓰던 글');
  await expect(page.getByText(KEPT, { exact: true })).toBeVisible();
  await page.goto('about:blank'); // no page of the app is open while the question is swapped
  const { question } = await pair.parent.today(pair.id);
  await pair.parent.post('swap_question', { daily_question: question!.id, version: String(question!.version) });
  await pair.child.open(pair.at('today'));
  await expect(unsent(page).getByText('바꾸기 전 질문에 쓰던 글')).toBeVisible();
  await expect(unsent(page).getByText('바꾸기 전에 쓰던 글')).toBeVisible();
  await expect(field(page)).toHaveValue('');
});
