import type { Page } from '@playwright/test';
import { expectAccessibleByDayAndDusk } from '../support/a11y.ts';
import { expect, type Pair, type Person, test } from '../support/pair.ts';

const MINE = '운동장 뒤 등나무 벤치요.';
const THEIRS = '골목에서 고무줄을 했지.';

const toast = (page: Page) => page.getByRole('status').getByRole('link', { name: '카드가 열렸어요 · 보러 가기' });
const close = (page: Page) => page.getByRole('status').getByRole('button', { name: '닫기' });

/** Counts the view transitions of this page, and notes what moves in them. */
async function watchTurns(page: Page): Promise<() => Promise<string[]>> {
  await page.addInitScript(() => {
    const moved: string[] = [];
    Object.assign(window, { moved });
    const { startViewTransition } = Document.prototype;
    Document.prototype.startViewTransition = function (change) {
      const transition = startViewTransition.call(this, change);
      moved.push('turn');
      void transition.ready.then(() =>
        moved.push(...document.getAnimations().map((animation) => (animation as CSSAnimation).animationName)),
      );
      return transition;
    };
  });
  return () => page.evaluate(() => (window as unknown as { moved: string[] }).moved);
}

/** The child has answered and has today's page open. The card opens with the parent's answer. */
async function waiting(pair: Pair): Promise<Page> {
  await pair.child.answer(pair.id, MINE);
  await pair.child.open(pair.at('today'));
  return pair.child.page;
}

/** One more tab of the same browser. A click opens it, so it counts as the tab used last. */
async function tab(person: Person, path: string): Promise<Page> {
  const page = await person.page.context().newPage();
  await page.goto(path);
  await expect
    .poll(() => page.evaluate(() => Boolean(localStorage.used) && localStorage.used === sessionStorage.used))
    .toBe(true);
  return page;
}

test('the card turns over as it opens, both windows light, and it is said once', async ({ pairUp }) => {
  const pair = await pairUp();
  const moved = await watchTurns(pair.child.page);
  const page = await waiting(pair);
  await pair.parent.answer(pair.id, THEIRS);

  await expect(page.getByText(THEIRS)).toBeVisible();
  await expect(page.locator('.windows.both')).toBeVisible();
  await expect(page.getByRole('status').getByText('카드가 열렸어요', { exact: true })).toHaveCount(1);
  await expect.poll(moved).toEqual(expect.arrayContaining(['turn-away', 'turn-up']));
  expect((await moved()).filter((name) => name === 'turn')).toHaveLength(1);
  await expect(toast(page), 'the page itself says it').toBeHidden();
});

test('my own answer that opens the card turns it too; anything else does not', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  const moved = await watchTurns(page);
  await pair.child.open(pair.at('today'));
  await pair.parent.answer(pair.id, THEIRS);
  await expect(page.getByText('엄마가 답했어요.')).toBeVisible();
  expect(await moved()).toEqual([]);
  await page.getByLabel('나의 답').fill(MINE);
  await page.getByRole('button', { name: '답하기' }).click();
  await expect(page.getByText(THEIRS)).toBeVisible();
  expect(await moved()).toContain('turn');
  await pair.parent.post('change_relation', { pair: pair.id, relation: 'grandmother' });
  await expect(page.getByText('할머니').first()).toBeAttached();
  expect((await moved()).filter((name) => name === 'turn')).toHaveLength(1);
});

test('the open card waits for no clock', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await page.clock.install();
  await waiting(pair);
  await page.clock.pauseAt(await page.evaluate(() => Date.now() + 60_000));
  await pair.parent.answer(pair.id, THEIRS);
  await expect(page.getByText(THEIRS)).toBeVisible();
});

test('a window that draws nothing shows the open card all the same', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await page.clock.install();
  await page.addInitScript(() => {
    Document.prototype.startViewTransition = () => ({}) as ViewTransition;
  });
  await waiting(pair);
  await pair.parent.answer(pair.id, THEIRS);
  await expect(page.getByText(THEIRS)).toBeVisible();
});

for (const [name, prepare] of [
  ['asked not to move', (page: Page) => page.emulateMedia({ reducedMotion: 'reduce' })],
  [
    'that cannot turn anything',
    (page: Page) => page.addInitScript(() => Reflect.deleteProperty(Document.prototype, 'startViewTransition')),
  ],
] as const) {
  test(`a browser ${name} just shows the open card`, async ({ pairUp }) => {
    const pair = await pairUp();
    const { page } = pair.child;
    await page.addInitScript(() => {
      const { startViewTransition } = Document.prototype;
      Document.prototype.startViewTransition = function (change) {
        document.documentElement.dataset.turned = 'yes';
        return startViewTransition.call(this, change);
      };
    });
    await prepare(page);
    await waiting(pair);
    await pair.parent.answer(pair.id, THEIRS);
    await expect(page.getByText(THEIRS)).toBeVisible();
    await expect(page.locator('.windows.both')).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.dataset.turned)).toBeUndefined();
  });
}

test('what is being written on the shelf stays, with the focus, and nobody is told of it', async ({
  pairUp,
  clock,
}) => {
  const pair = await pairUp({ pushTime: await clock.minute() });
  for (let day = 1; day <= 7; day++) await clock.nextDay();
  const page = await waiting(pair);
  await page.locator('.later summary').click();
  const field = page.locator('.later').getByLabel('나의 답');
  const told: (string | null)[] = [];
  page.on('request', (request) => told.push(request.url().endsWith('/api/presence') ? request.postData() : null));
  await field.pressSequentially('빨간 자전거를');
  await pair.parent.answer(pair.id, THEIRS);
  await expect(page.getByText(THEIRS)).toBeVisible();
  await expect(field).toBeFocused();
  await page.keyboard.type(' 타고');
  await expect(field).toHaveValue('빨간 자전거를 타고');
  await expect.poll(() => told.filter(Boolean).length, 'that somebody is here').toBeGreaterThan(0);
  expect(told.filter((body) => body?.includes('writing'))).toEqual([]);
});

test('one tab says it, the one that was used last, and it goes along with who uses them', async ({ pairUp }) => {
  const pair = await pairUp();
  await pair.child.answer(pair.id, MINE);
  await pair.child.open(pair.at('archive'));
  const archive = pair.child.page;
  const settings = await tab(pair.child, pair.at('settings'));
  const devices = await tab(pair.child, '/devices');
  await settings.getByRole('heading', { level: 1 }).click();

  await pair.parent.answer(pair.id, THEIRS);

  await expect(toast(settings)).toBeVisible();
  await expect(archive.locator('.card-link'), 'the news have come').toHaveCount(1);
  await expect(toast(archive)).toBeHidden();
  await expect(toast(devices)).toBeHidden();
  await expectAccessibleByDayAndDusk(settings);

  await archive.getByRole('heading', { level: 1 }).click();
  await expect(toast(archive)).toBeVisible();
  await expect(toast(settings)).toBeHidden();
  await toast(archive).click();
  await expect(archive).toHaveURL(new RegExp(`/p/${pair.id}/cards/`));
  await expect(archive.getByText(THEIRS)).toBeVisible();
  for (const page of [archive, settings, devices]) await expect(toast(page)).toBeHidden();
  await settings.getByRole('heading', { level: 1 }).click();
  await expect(toast(settings), 'it was seen').toBeHidden();
});

test('it stays until it is sent away, over pages and time, and then it is gone', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await page.clock.install();
  await pair.child.answer(pair.id, MINE);
  await pair.child.open(pair.at('archive'));
  await pair.parent.answer(pair.id, THEIRS);
  await expect(page.locator('.card-link')).toHaveCount(1);
  await expect(toast(page), 'after the page was drawn anew for the news').toBeVisible();
  await page.clock.fastForward(3_600_000);
  await page.goto('/inbox');
  await expect(toast(page)).toBeVisible();
  await close(page).click();
  await expect(toast(page)).toBeHidden();
  await page.goto(pair.at('archive'));
  await expect(page.locator('.card-link')).toHaveCount(1);
  await expect(toast(page)).toBeHidden();
});

test('a tab that slept does not bring back what was sent away meanwhile', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.answer(pair.id, MINE);
  await pair.child.open(pair.at('archive'));
  const slept = await page.context().newPage();
  // The phone has a connection of its own, and receives nothing while it sleeps.
  await slept.addInitScript(() => Object.defineProperty(navigator, 'locks', { value: undefined }));
  let wake = () => {};
  const awake = new Promise<void>((settle) => (wake = settle));
  await slept.route('**/events?*', (route) => awake.then(() => route.continue()).catch(() => {}));
  await slept.goto('/');
  await expect(slept.getByRole('heading', { level: 1 })).toBeVisible();
  await pair.parent.answer(pair.id, THEIRS);
  await expect(page.locator('.card-link')).toHaveCount(1);
  // The archive was loaded again. A touch counts once it is hydrated.
  await expect(async () => {
    await page.getByRole('heading', { level: 1 }).click();
    await expect(close(page)).toBeVisible({ timeout: 500 });
  }).toPass();
  await close(page).click();
  await expect(toast(page)).toBeHidden();

  const anew = slept.waitForEvent('load');
  wake();
  await anew;
  await slept.getByRole('heading', { level: 1 }).click();
  await expect(toast(slept)).toBeHidden();
  await expect
    .poll(() => slept.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('opened:'))))
    .toEqual([]);
});

test('who looks at today needs no other tab to say it', async ({ pairUp }) => {
  const pair = await pairUp();
  await pair.child.answer(pair.id, MINE);
  await pair.child.open(pair.at('archive'));
  const archive = pair.child.page;
  const today = await tab(pair.child, pair.at('today'));
  await pair.parent.answer(pair.id, THEIRS);
  await expect(today.getByText(THEIRS)).toBeVisible();
  await expect(archive.locator('.card-link')).toHaveCount(1);
  const told = () => archive.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('opened:')));
  await expect(async () => expect(await told()).toEqual([])).toPass(); // the page may load itself once more
  await archive.getByRole('heading', { level: 1 }).click();
  await expect(toast(archive)).toBeHidden();
});

test("on another pair's today it says so without touching what is written there", async ({ pairUp }) => {
  const mother = await pairUp();
  const father = await pairUp({ child: mother.child as never, parent: '영호' });
  const { page } = mother.child;
  await mother.child.answer(mother.id, MINE);
  await mother.child.open(father.at('today'));
  const field = page.getByLabel('나의 답');
  await field.pressSequentially('아빠와 자전거를');
  await mother.parent.answer(mother.id, THEIRS);
  await expect(toast(page)).toBeVisible();
  await expect(field).toBeFocused();
  await expect(field).toHaveValue('아빠와 자전거를');
  await toast(page).click();
  await expect(page.getByText(THEIRS)).toBeVisible();
});
