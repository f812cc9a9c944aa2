// What an event leaves as it is: the focus, the field that somebody types in, and the way to another page.
import type { Page, Route } from '@playwright/test';
import { expect, test } from '../support/pair.ts';
import { openFold } from '../support/fold.ts';

const MINE = '운동장 뒤 등나무 벤치요.';
const THEIRS = '골목에서 고무줄을 했지.';
const field = (page: Page) => page.getByLabel('나의 답').first();
const send = (page: Page) => page.getByRole('button', { name: '답하기' }).click();
const heading = (page: Page) => page.locator('.today-card h1');

/** Every sentence that the live regions of this page get, with the role of the region. */
async function listen(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const heard: string[] = [];
    Object.assign(window, { heard });
    const regions = new Map(
      [...document.querySelectorAll('[role=status], [role=alert]')].map((region) => [region, region.textContent]),
    );
    new MutationObserver(() => {
      for (const [region, before] of regions) {
        const { textContent } = region;
        if (textContent !== before && textContent) heard.push(textContent);
        regions.set(region, textContent);
      }
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
  return () => page.evaluate(() => (window as unknown as { heard: string[] }).heard);
}

/** Holds the requests of this page until the test releases them. */
async function hold(page: Page, url: string | RegExp): Promise<{ asked: Promise<void>; release: () => Promise<void> }> {
  const held: Route[] = [];
  let isOpen = false;
  let ask: () => void;
  const asked = new Promise<void>((settle) => (ask = settle));
  await page.route(url, (route) => {
    if (isOpen) return route.continue();
    held.push(route);
    ask();
  });
  const release = async () => {
    isOpen = true;
    // The page may have been left meanwhile.
    await Promise.all(held.map((route) => route.continue().catch(() => {})));
  };
  return { asked, release };
}

test('my own answer is never told as the other’s', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  const heard = await listen(page);
  const echo = await pair.child.page.context().newPage(); // receives the same events at the same time
  await echo.goto('/terms');
  const told = echo.evaluate(
    (person) =>
      new Promise<void>(
        (settle) =>
          (new BroadcastChannel(`live:${person}`).onmessage = ({ data }) =>
            String(data.text).includes('answer_submitted') && settle()),
      ),
    await page.locator('html').getAttribute('data-person'),
  );
  const today = await hold(page, '**/api/today');
  await field(page).fill(MINE);
  await send(page);
  await told;
  await today.asked;
  await today.release();
  await expect(page.getByText('답을 잘 간직했어요.')).toBeVisible();
  expect((await heard()).join()).not.toContain('엄마가 답했어요');
  expect(await heard(), 'that it was taken is said').toContain('보냄');
});

test('after sending the focus is at the new card, and where a card opens under it as well', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await field(page).fill(MINE);
  await send(page);
  await expect(page.getByText('답을 잘 간직했어요.')).toBeVisible();
  await expect(heading(page)).toBeFocused();

  await page.getByText('고치기', { exact: false }).first().click();
  await field(page).pressSequentially(' 그리고');
  await pair.parent.answer(pair.id, THEIRS);
  await expect(page.getByText(THEIRS)).toBeVisible();
  await expect(heading(page), 'out of a field that was typed in').toBeFocused();
});

test('a drawer that closes after its edit was sent gives the focus to its head', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.answer(pair.id, MINE);
  await pair.child.open(pair.at('today'));
  const drawer = page.locator('details.drawer', { has: page.locator('[data-answer]') });
  await drawer.locator('summary').click();
  await field(page).fill('놀이터 그네요.');
  await drawer.getByRole('button').click();
  await expect(drawer).not.toHaveAttribute('open');
  await expect(drawer.locator('summary')).toBeFocused();
});

test('the same error twice is said twice, in a region that was there before', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  const heard = await listen(page);
  const errors = async () => (await heard()).filter((sentence) => sentence.includes('적어')).length;
  await send(page);
  await expect.poll(errors).toBe(1);
  await send(page);
  await expect.poll(errors).toBe(2);
});

test('what a translator put in the place of a sentence changes with it', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await page.evaluate(translate);
  await expect(page.locator('.today-card font').first()).toBeAttached();
  await pair.parent.answer(pair.id, THEIRS);
  await expect(page.getByRole('status').getByText('엄마가 답했어요.')).toBeVisible();
  await expect(page.locator('.who-seat.lit')).toContainText('답했어요');
  await page.evaluate(translate);
  await pair.parent.post('change_relation', { pair: pair.id, relation: 'grandmother' });
  await expect(page.locator('.hint', { hasText: '할머니' })).toBeVisible();
  await field(page).fill(MINE);
  await expect(page.locator('.counter')).toContainText('14 / 2,000');
  await send(page);
  await expect(page.getByText(THEIRS), 'and the page still works').toBeVisible();
});

/** Translates like Google: it puts each text into elements of its own. */
function translate() {
  const texts = document.createTreeWalker(document.querySelector('main')!, NodeFilter.SHOW_TEXT);
  const found: Text[] = [];
  while (texts.nextNode()) found.push(texts.currentNode as Text);
  for (const text of found) {
    if (!text.data.trim() || text.parentElement!.closest('svg, script, textarea')) continue;
    const [outer, inner] = [document.createElement('font'), document.createElement('font')];
    inner.textContent = text.data;
    outer.append(inner);
    text.replaceWith(outer);
  }
}

for (const [who, change] of Object.entries({ 'a translator': translate, 'an extension': extend })) {
  test(`a document that ${who} changed before the page woke is a working page with its line`, async ({ pairUp }) => {
    const pair = await pairUp();
    const { page } = pair.child;
    const wasm = await hold(page, '**/umbba.wasm');
    await page.goto(pair.at('today'), { waitUntil: 'commit' });
    await wasm.asked;
    await expect(field(page)).toBeVisible();
    await page.evaluate(change);
    const line = page.waitForResponse(/\/events\?/);
    await wasm.release();
    await line;
    await expect(page.locator('html')).not.toHaveAttribute('data-hydration', 'failed');
    await pair.parent.answer(pair.id, THEIRS);
    await expect(page.locator('.who-seat.lit'), 'it follows').toContainText('엄마');
    await field(page).fill(MINE);
    await send(page);
    await expect(page.getByText(THEIRS)).toBeVisible();
  });
}

/** Changes the page like an extension that writes beside fields. */
function extend() {
  document.querySelector('.today-card')!.prepend(document.createElement('div'));
  document.querySelector('textarea')!.before(document.createElement('span'));
}

test('news does not move the field that is typed in', async ({ pairUp }) => {
  for (const viewport of [
    { width: 390, height: 844 },
    { width: 1280, height: 2400 },
  ]) {
    await test.step(`${viewport.width} × ${viewport.height}`, async () => {
      const pair = await pairUp();
      const { page } = pair.child;
      await page.setViewportSize(viewport);
      await pair.child.open(pair.at('today'));
      await field(page).click();
      await page.keyboard.type('놀이터');
      const top = () => field(page).evaluate((area) => Math.round(area.getBoundingClientRect().top));
      const before = await top();
      await pair.parent.answer(pair.id, THEIRS);
      await expect(page.getByRole('status').getByText('엄마가 답했어요.')).toBeVisible();
      expect(await top(), 'the other answered').toBe(before);
      for (const isHidden of [false, true]) {
        await page
          .locator('[data-notice=slow]')
          .evaluate((notice, isHidden) => ((notice as HTMLElement).hidden = isHidden), isHidden);
        await expect.poll(top, 'a notice above it').toBe(before);
      }
      await expect(field(page)).toBeFocused();
    });
  }
});

test('a new version may be put off for an hour', async ({ somebody, pairUp }) => {
  const child = await somebody('민지', { serviceWorkers: 'block' });
  const pair = await pairUp({ child });
  const { page } = pair.child;
  await page.clock.install();
  // Makes the page one of an older build: the island that opens the feed knows its build.
  await page.route(`**${pair.at('archive')}`, async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace(/(&quot;build&quot;:&quot;)[^&]+/, '$1older');
    await route.fulfill({ response, body });
  });
  await pair.child.open(pair.at('archive'));
  const bar = page.locator('.update-bar');
  // The feed is opened again, and its first frame names the build.
  const hello = () => page.evaluate(() => dispatchEvent(new Event('online')));
  await expect(bar).toBeVisible();
  await page.getByRole('button', { name: '나중에' }).click();
  await expect(bar).toBeHidden();
  const line = page.waitForResponse(/\/events\?/);
  await hello();
  await line;
  await expect(bar).toBeHidden();
  await page.clock.fastForward(3_600_000);
  await expect(bar).toBeVisible();
});

/** The number of unread entries that the page shows. */
const bell = (page: Page) => page.locator('[data-unread]').first();

test('terms are not drawn anew by the news, nor is a page whose field somebody is in', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  const mark = () => page.evaluate(() => document.body.dataset.seen ?? 'anew').catch(() => 'away');
  const open = async (path: string) => {
    await pair.child.open(path);
    await page.evaluate(() => (document.body.dataset.seen = 'before'));
  };
  await pair.child.answer(pair.id, MINE);
  await open('/terms');
  await pair.parent.answer(pair.id, THEIRS);
  await expect(bell(page)).toHaveText('2'); // she joined, and the card opened
  expect(await mark()).toBe('before');
  await open('/privacy');
  await pair.parent.post('change_push_time', { pair: pair.id, push_time: '07:30', zone: 'Asia/Seoul' });
  await expect(bell(page)).toHaveText('3');
  expect(await mark()).toBe('before');

  await open(pair.at('settings/me'));
  await openFold(page, '이름');
  const name = page.locator('#name');
  await name.click();
  const tomorrow = new Date(Date.parse((await pair.parent.today(pair.id)).today) + 86_400_000)
    .toISOString()
    .slice(0, 10);
  // A person on the page of the pair sees the change there. It is reported as seen, and the count falls again.
  const heard = page.waitForRequest(/\/seen_live$/);
  await pair.parent.post('pause_pair', { pair: pair.id, until: tomorrow });
  await heard;
  await expect(bell(page)).toHaveText('3');
  expect(await mark()).toBe('before');
  await name.blur();
  await expect.poll(mark, 'but when they are out of it').toBe('anew');
});

test.describe('a link that was followed is never lost', () => {
  test('on a slow line, as news comes', async ({ somebody, pairUp }) => {
    const child = await somebody('민지', { serviceWorkers: 'block' });
    const pair = await pairUp({ child });
    const { page } = pair.child;
    await pair.child.answer(pair.id, MINE);
    // A page that is being left cannot be asked, so it says itself when it has heard and when a minute has passed.
    await page.addInitScript(() => {
      const [later, now] = [setTimeout, Date.now];
      let passed = 0;
      Date.now = () => now() + passed;
      Object.assign(window, { setTimeout: (act: () => void, ms = 0) => later(act, ms > 5_000 ? 50 : ms) });
      addEventListener('click', () => {
        new MutationObserver(() => {
          passed = 60_000;
          later(() => console.log('a minute later'), 300);
        }).observe(document.querySelector('[data-unread]')!, { childList: true });
      });
    });
    await pair.child.open(pair.at('archive'));
    const asked: string[] = [];
    page.on('request', (request) => request.isNavigationRequest() && asked.push(new URL(request.url()).pathname));
    const settings = await hold(page, `**${pair.at('settings')}`);
    const heard = page.waitForEvent('console', (message) => message.text() === 'a minute later');
    await page.getByRole('link', { name: '설정' }).click({ noWaitAfter: true });
    await settings.asked;
    await pair.parent.answer(pair.id, THEIRS);
    await heard;
    await settings.release();
    await expect(page).toHaveURL(pair.at('settings'));
    expect(asked).toEqual([pair.at('settings')]);
  });

  test('as the page asks for itself again', async ({ somebody, pairUp }) => {
    const child = await somebody('민지', { serviceWorkers: 'block' });
    const pair = await pairUp({ child });
    const { page } = pair.child;
    await pair.child.answer(pair.id, MINE);
    await pair.child.open(pair.at('archive'));
    // A browser that is about to show the page again ignores the click.
    await page.evaluate(() => {
      addEventListener('click', (event) => event.preventDefault());
      addEventListener('beforeunload', () => document.querySelector<HTMLElement>('.tabs a[href$=settings]')!.click());
    });
    await pair.parent.answer(pair.id, THEIRS);
    await expect(page).toHaveURL(pair.at('settings'));
  });
});
