// Each page by day and by dusk, at every width and text size: what a change of the style sheet may break unnoticed.
import type { Page, TestInfo } from '@playwright/test';
import { expectAccessibleByDayAndDusk } from '../support/a11y.ts';
import { expect, type Pair, type People, type Person, test } from '../support/pair.ts';

// This is the longest file, and its pages are independent, so both workers share it.
test.describe.configure({ mode: 'parallel' });

type Shown = { page: Page; path: string };
const seen = (person: Person, path: string): Shown => ({ page: person.page, path });
const nobody =
  (path: string) =>
  async ({ somebody }: People) =>
    seen(await somebody('태오'), path);

// One long word, like a pasted address.
const LONG = `골목에서 고무줄을 했지.\nhttps://family.example/${'album-'.repeat(12)}1972`;

async function answered(pairUp: People['pairUp'], by: (pair: Pair) => Promise<void>): Promise<Shown> {
  const pair = await pairUp();
  await by(pair);
  return seen(pair.child, pair.at('today'));
}

const PAGES: Record<string, (people: People) => Promise<Shown>> = {
  welcome: nobody('/'),
  'sign-up': nobody('/start'),
  'sign-in': nobody('/signin'),
  join: nobody('/join'),
  terms: nobody('/terms'),
  'not found': nobody('/no/such/page'),
  'joining in KakaoTalk': async ({ somebody }) =>
    seen(
      await somebody('순자', {
        userAgent: 'Mozilla/5.0 (Linux; Android 14) Chrome/130.0.0.0 Mobile KAKAOTALK 2410910',
      }),
      '/join',
    ),
  digits: nobody('/signin/digits/1234-5678'),
  'time to confirm over': nobody('/signin/wait'),
  'way out taken': nobody('/hand-over/0a1b'),
  'digits made': async ({ somebody }) => {
    const child = await somebody('민지');
    await child.startPair();
    await child.post('make_hand_over');
    return seen(child, '/hand-over');
  },
  'digits typed': async ({ somebody }) => {
    const [child, phone] = [await somebody('민지'), await somebody('민지')];
    await child.signUp();
    await child.post('make_hand_over');
    const made = (await child.page.context().cookies()).find(({ name }) => name === '__Host-hand-over')!;
    await phone.post('ask_hand_over', { code: made.value.split('.')[1] });
    return seen(child, '/hand-over');
  },
  'joining, confirmed': async ({ somebody }) => {
    const [child, parent] = [await somebody('민지'), await somebody('순자')];
    await parent.post('check_invitation', { code: await child.invite(await child.startPair()) });
    return seen(parent, '/join/confirm');
  },
  recovery: async ({ somebody }) => {
    const child = await somebody('민지');
    await child.signUp();
    return seen(child, '/recovery');
  },
  'start of a pair': async ({ somebody }) => {
    const child = await somebody('민지');
    await child.signUp();
    return seen(child, '/start');
  },
  invite: async ({ somebody }) => {
    const child = await somebody('민지');
    const pair = await child.startPair();
    await child.invite(pair);
    return seen(child, `/p/${pair}/invite`);
  },
  'home of two pairs': async ({ somebody, pairUp }) => {
    const child = await somebody('민지');
    await pairUp({ child, parent: '영호' });
    await pairUp({ child });
    return seen(child, '/');
  },
  'today, alone': async ({ somebody }) => {
    const child = await somebody('민지');
    return seen(child, `/p/${await child.startPair()}/today`);
  },
  'today, open': ({ pairUp }) => answered(pairUp, async () => {}),
  'today, waiting': ({ pairUp }) => answered(pairUp, (pair) => pair.child.answer(pair.id, LONG)),
  'today, the other waiting': ({ pairUp }) => answered(pairUp, (pair) => pair.parent.answer(pair.id, LONG)),
  'today, both': ({ pairUp }) => answered(pairUp, (pair) => pair.complete(LONG)),
  archive: async ({ pairUp }) => {
    const pair = await pairUp();
    await pair.complete();
    return seen(pair.child, pair.at('archive'));
  },
  card: async ({ pairUp }) => {
    const pair = await pairUp();
    await pair.complete(LONG);
    return seen(pair.child, pair.at(`cards/${(await pair.child.today(pair.id)).question!.id}`));
  },
  settings: async ({ pairUp }) => {
    const pair = await pairUp();
    return seen(pair.child, pair.at('settings'));
  },
  'keeping a copy': async ({ pairUp }) => {
    const pair = await pairUp();
    return seen(pair.child, '/keep');
  },
  'settings of the pair': async ({ pairUp }) => {
    const pair = await pairUp();
    return seen(pair.child, pair.at('settings/us'));
  },
  'settings of a person': async ({ pairUp }) => {
    const pair = await pairUp();
    return seen(pair.child, pair.at('settings/me'));
  },
  'settings of notifications': async ({ pairUp }) => {
    const pair = await pairUp();
    return seen(pair.child, pair.at('settings/notifications'));
  },
  'settings of signing in': async ({ pairUp }) => {
    const pair = await pairUp();
    return seen(pair.child, pair.at('settings/sign-in'));
  },
  help: async ({ pairUp }) => {
    const pair = await pairUp();
    return seen(pair.child, pair.at('settings/help'));
  },
  'ways to sign in': async ({ pairUp }) => {
    const pair = await pairUp();
    return seen(pair.child, '/settings/ways-in');
  },
  'another device': async ({ pairUp }) => {
    const pair = await pairUp();
    return seen(pair.child, '/settings/other-device');
  },
  'deleting the account': async ({ pairUp }) => {
    const pair = await pairUp();
    return seen(pair.child, '/settings/delete');
  },
};

/** Elements that are cut off, or can be read only by scrolling sideways. */
const beyondTheEdge = () => {
  const edge = document.documentElement.clientWidth + 1;
  const found =
    document.documentElement.scrollWidth > edge ? [`the page is ${document.documentElement.scrollWidth} wide`] : [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode as Text;
    const element = text.parentElement!;
    if (
      !text.data.trim() ||
      element.closest('svg, script, option') ||
      !element.checkVisibility({ visibilityProperty: true })
    )
      continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    if ([...range.getClientRects()].some(({ left, right }) => left < -1 || right > edge)) found.push(text.data.trim());
  }
  return found;
};

/** Words that a line break cuts in two. Pasted text and codes may break anywhere. */
const brokenWords = () => {
  const found: string[] = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode as Text;
    const element = text.parentElement!;
    if (
      element.closest('svg, script, option, .answer-text, .link-box, .code, [hidden]') ||
      !element.checkVisibility({ visibilityProperty: true })
    )
      continue;
    for (const { index, 0: word } of text.data.matchAll(/\S+/g)) {
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      const lines = new Set(
        [...range.getClientRects()].filter(({ width }) => width > 0).map(({ top }) => Math.round(top)),
      );
      if (lines.size > 1) found.push(word);
    }
  }
  return found;
};

/** A picture of the whole page. `fullPage` would reset the size of the text. */
async function picture(page: Page, testInfo: TestInfo, name: string) {
  const path = testInfo.outputPath(`${name}.png`);
  await page.screenshot({ path });
  await testInfo.attach(name, { path, contentType: 'image/png' });
}

/** Sets the browser's text size to "very large": 32 pixels in place of 16. */
async function doubleText(page: Page, height = 844, width = 390) {
  await page.setViewportSize({ width, height });
  const settings = await page.context().newCDPSession(page);
  await settings.send('Page.setFontSizes', { fontSizes: { standard: 32, fixed: 26 } });
  await expect.poll(() => page.evaluate(() => getComputedStyle(document.documentElement).fontSize)).toBe('32px');
}
const height = (page: Page) => page.evaluate(() => document.documentElement.scrollHeight);

for (const [name, reach] of Object.entries(PAGES)) {
  test(`${name}: stands in both lights, on a narrow phone, in double text and without motion`, async ({
    somebody,
    pairUp,
  }, testInfo) => {
    const { page, path } = await reach({ somebody, pairUp });
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await page.evaluate(() => document.fonts.ready.then(() => {}));
    // What a fold of the settings hides has to stand as well.
    await page.$$eval('.fold', (folds) => folds.forEach((fold) => ((fold as HTMLDetailsElement).open = true)));

    await test.step('axe by day and by dusk', () => expectAccessibleByDayAndDusk(page));
    await test.step('320 pixels', async () => {
      await page.setViewportSize({ width: 320, height: 700 });
      expect.soft(await page.evaluate(beyondTheEdge), 'beyond the edge at 320').toEqual([]);
      await page.setViewportSize({ width: 320, height: await height(page) });
      await picture(page, testInfo, '320');
    });
    await test.step('200 % text', async () => {
      await doubleText(page);
      expect.soft(await page.evaluate(beyondTheEdge), 'beyond the edge in double text').toEqual([]);
      await doubleText(page, await height(page));
      await picture(page, testInfo, '200-percent');
      expect.soft(await page.evaluate(brokenWords), 'words broken in double text').toEqual([]);
    });
    await test.step('200 % text at 320 pixels', async () => {
      await doubleText(page, 700, 320);
      expect.soft(await page.evaluate(beyondTheEdge), 'beyond the edge in double text at 320').toEqual([]);
      expect.soft(await page.evaluate(brokenWords), 'words broken in double text at 320').toEqual([]);
      await doubleText(page, await height(page), 320);
      await picture(page, testInfo, '320-200-percent');
    });
    await test.step('reduced motion', async () => {
      await page.emulateMedia({ reducedMotion: 'reduce' });
      const moving = () =>
        document
          .getAnimations()
          .filter(({ playState }) => playState === 'running')
          .map(({ effect }) => String((effect as KeyframeEffect).target?.className));
      await expect.soft.poll(() => page.evaluate(moving)).toEqual([]);
    });
  });
}

test('the card turns without motion for whoever asked for none', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await pair.child.answer(pair.id, '운동장 뒤 등나무 벤치요.');
  await pair.child.open(pair.at('today'));
  await pair.parent.answer(pair.id, '골목에서 고무줄을 했지.');
  await expect(page.getByText('골목에서 고무줄을 했지.')).toBeVisible();
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
});
