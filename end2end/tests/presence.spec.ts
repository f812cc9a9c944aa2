import type { Page, Request } from '@playwright/test';
import { expectAccessibleByDayAndDusk } from '../support/a11y.ts';
import { expect, type Person, test } from '../support/pair.ts';
import { openFold } from '../support/fold.ts';

const HERE = '지금 함께 보고 있어요';
const WRITING = '엄마가 답을 쓰고 있어요';

const NOON = new Date('2026-11-22T12:00:00+09:00');

const line = (page: Page) => page.locator('.presence');

/** The presence signals that this page has sent. */
function told(page: Page): string[] {
  const sent: string[] = [];
  page.on('request', (request: Request) => {
    if (request.url().endsWith('/api/presence')) sent.push(request.postData()?.replace(/&whose=.*/, '') ?? '');
  });
  return sent;
}

/** Opens a page whose clock only the test moves. */
async function openStill(person: Person, path: string): Promise<void> {
  const { page } = person;
  await page.clock.install({ time: NOON });
  await page.clock.pauseAt(NOON.getTime() + 60_000);
  const words = page.waitForResponse('**/api/presence'); // before it the page shows nothing of the other
  await person.open(path);
  await (await words).finished();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
}

test('each sees that the other is here, in every tab, until ten seconds after', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await openStill(pair.child, pair.at('today'));
  const second = await page.context().newPage();
  const words = second.waitForResponse('**/api/presence');
  await second.goto(pair.at('today'));
  await (await words).finished();
  await expect(second.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(line(page)).toHaveText('');

  await pair.parent.open(pair.at('today'));

  await expect(line(page)).toHaveText(HERE);
  await expect(line(second), 'a tab that has no line of its own').toHaveText(HERE);
  await page.clock.runFor(5_000);
  await expect(line(pair.parent.page), 'and the other way round').toHaveText(HERE);
  await expectAccessibleByDayAndDusk(pair.parent.page);
  await pair.parent.page.close();
  await page.clock.runFor(4_999);
  await expect(line(page)).toHaveText(HERE);
  await page.clock.runFor(1);
  await expect(line(page)).toHaveText('');
});

test('who writes a first answer is seen writing, and nothing but that is told', async ({ pairUp, clock }) => {
  const pair = await pairUp();
  await openStill(pair.child, pair.at('today'));
  await openStill(pair.parent, pair.at('today'));
  const [page, writer] = [pair.child.page, pair.parent.page];
  await expect(line(page)).toHaveText(HERE);
  const sent = told(writer);

  await clock.advance('+3s');
  await writer.clock.runFor(4_000);
  await writer.getByLabel('나의 답').pressSequentially('골목에서 고무줄을 했지.');
  await expect(line(page)).toHaveText(WRITING);
  expect(sent, 'one for all these letters').toEqual([`pair=${pair.id}&what=writing`]);

  // The event about the answer is newer than the sign of writing.
  await writer.getByRole('button', { name: '답하기' }).click();
  await expect(page.getByText('엄마가 답했어요.')).toBeVisible();
  await expect(line(page)).toHaveText('');
});

test('an edit is written unseen', async ({ pairUp, clock }) => {
  const pair = await pairUp();
  await pair.parent.answer(pair.id, '골목에서 고무줄을 했지.');
  await openStill(pair.child, pair.at('today'));
  await openStill(pair.parent, pair.at('today'));
  const [page, writer] = [pair.child.page, pair.parent.page];
  const shown = await page.evaluateHandle(() => {
    const shown: string[] = [];
    const place = document.querySelector('.presence')!;
    new MutationObserver(() => shown.push(place.textContent!)).observe(place, { childList: true });
    return shown;
  });
  const sent = told(writer);
  await writer.getByText('답 고치기').click();
  await clock.advance('+3s');
  await writer.clock.runFor(4_900);
  const before = sent.length;
  await writer.getByLabel('나의 답').pressSequentially('골목에서 고무줄도 했지.');
  expect(sent.length, 'no letter of it is told').toBe(before);
  await writer.clock.runFor(100);

  await expect
    .poll(() => sent.slice(before), 'and what is told comes when it would have come')
    .toEqual([`pair=${pair.id}&what=here`]);
  await clock.advance('+3s');
  await page.clock.runFor(10_000);
  await pair.child.answer(pair.id, '등나무 벤치요.');
  await expect(page.getByText('골목에서 고무줄을 했지.')).toBeVisible();
  expect(await shown.jsonValue()).not.toContain(WRITING);
});

test('switched off by one, neither tells nor sees; open pages know of it', async ({ pairUp, clock }) => {
  const pair = await pairUp();
  await openStill(pair.child, pair.at('today'));
  await openStill(pair.parent, pair.at('today'));
  const [page, parent] = [pair.child.page, pair.parent.page];
  await page.clock.runFor(5_000);
  await expect(line(page)).toHaveText(HERE);
  await expect(line(parent)).toHaveText(HERE);
  const settings = await parent.context().newPage();
  await settings.goto(pair.at('settings/us'));
  await openFold(settings, '함께 있음 알리기');
  await settings.getByLabel('오늘의 질문을 보거나 답을 쓰고 있으면 서로 알기').uncheck();
  await settings
    .locator('section')
    .filter({ hasText: '함께 있음 알리기' })
    .getByRole('button', { name: '저장하기' })
    .click();
  await expect(settings.getByText('저장했어요.')).toBeVisible();

  await parent.clock.runFor(5_000);
  await expect(line(parent), 'with the next look').toHaveText('');
  await page.clock.runFor(10_000);
  await expect(line(page)).toHaveText('');
  await clock.advance('+3s');
  const sent = told(parent);
  await parent.getByLabel('나의 답').pressSequentially('골목');
  await parent.clock.runFor(20_000);
  await parent.evaluate(() => dispatchEvent(new Event('focus')));
  await page.getByLabel('나의 답').pressSequentially('등나무');
  await page.clock.runFor(5_000);
  await pair.parent.answer(pair.id, '골목에서 고무줄을 했지.');
  await expect(page.getByText('엄마가 답했어요.')).toBeVisible();
  await expect(parent.getByText('답을 잘 간직했어요.')).toBeVisible();
  await expect(line(page)).toHaveText('');
  await expect(line(parent)).toHaveText('');
  expect(sent).toEqual([]);

  await clock.advance('+3s');
  await pair.parent.post('change_presence', { pair: pair.id, shows_presence: 'yes' });
  await expect
    .poll(async () => {
      await parent.clock.runFor(5_000);
      return sent.length;
    }, 'the open page hears of it')
    .toBeGreaterThan(0);
  await expect(line(page)).toHaveText(HERE);
  await clock.advance('+3s');
  await page.clock.runFor(5_000);
  await expect(line(parent)).toHaveText(HERE);
});

test('a network that is away for a moment is no wish to be unseen', async ({ pairUp, clock }) => {
  const pair = await pairUp();
  await openStill(pair.child, pair.at('today'));
  const { page } = pair.child;
  const sent = told(page);
  let isAway = true;
  await page.route('**/api/presence', (route) => (isAway ? route.abort() : route.continue()));
  const failed = page.waitForEvent('requestfailed');
  await page.clock.runFor(5_000);
  await failed;
  isAway = false;
  await clock.advance('+3s');
  sent.length = 0;
  await page.clock.runFor(5_000);
  await expect.poll(() => sent, 'with the next look').toEqual([`pair=${pair.id}&what=here`]);
  await pair.parent.open(pair.at('today'));
  await expect(line(page)).toHaveText(HERE);
});

test('a response that breaks off is no wish to be unseen', async ({ pairUp }) => {
  const pair = await pairUp();
  await openStill(pair.child, pair.at('today'));
  const { page } = pair.child;
  const sent = told(page);
  const isBroken = await page.evaluateHandle(() => {
    const { json } = Response.prototype;
    const state = { is: false };
    Response.prototype.json = async () => {
      Response.prototype.json = json;
      state.is = true;
      throw new TypeError('the connection broke off');
    };
    return state;
  });
  await page.clock.runFor(5_000);
  await expect.poll(async () => (await isBroken.jsonValue()).is).toBe(true);
  await page.clock.runFor(5_000);
  await expect
    .poll(() => sent, 'with the next look')
    .toEqual(['here', 'here'].map((what) => `pair=${pair.id}&what=${what}`));
});

test('a page that nobody looks at tells nothing', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  const sent = told(page);
  await openStill(pair.child, pair.at('today'));
  await expect.poll(() => sent.length).toBeGreaterThan(0);
  sent.length = 0;
  for (const away of ['hidden', 'hasFocus']) {
    await page.evaluate(
      (away) =>
        Object.defineProperty(document, away, { configurable: true, value: away === 'hasFocus' ? () => false : true }),
      away,
    );
    await page.clock.runFor(20_000);
    await page.getByLabel('나의 답').pressSequentially('등나무');
    expect(sent, away).toEqual([]);
    await page.evaluate((away) => Reflect.deleteProperty(document, away), away);
  }
  await page.getByLabel('나의 답').pressSequentially(' 벤치');
  await page.clock.runFor(10_000);
  await expect.poll(() => sent).toEqual(['writing', 'here', 'here'].map((what) => `pair=${pair.id}&what=${what}`));
});

test('a sentence is said once, however often it comes', async ({ pairUp, clock }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await openStill(pair.child, pair.at('today'));
  const said = await page.evaluateHandle(() => {
    const said: string[] = [];
    const place = document.querySelector('.presence')!;
    new MutationObserver(() => said.push(`${place.ariaLive} ${place.textContent}`)).observe(place, { childList: true });
    return said;
  });
  const tell = async (what: string) => {
    const response = await pair.parent.page.request.post('/api/presence', { form: { pair: pair.id, what } });
    expect(response.ok()).toBe(true);
    await clock.advance('+3s');
  };
  await tell('here');
  await expect(line(page)).toHaveText(HERE);
  await tell('here');
  await tell('writing');
  await expect(line(page)).toHaveText(WRITING);
  await tell('here');
  await expect(line(page)).toHaveText(HERE);
  await page.clock.runFor(10_000);
  await tell('here');
  await expect(line(page)).toHaveText(HERE);

  expect(await said.jsonValue()).toEqual([`polite ${HERE}`, `polite ${WRITING}`, `off ${HERE}`, 'off ', `off ${HERE}`]);
});
