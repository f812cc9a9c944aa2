// What a browser asks of an app before it installs it.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test as base } from '../support/pair.ts';
import { SITE } from '../support/server.ts';

const test = base.extend<{ atHome: Page }>({
  /** A context with a profile: the usual one is a private window, in which nothing can be installed. */
  atHome: async ({ playwright, launchOptions, baseURL }, use) => {
    const profile = await mkdtemp(join(tmpdir(), 'umbba-profile-'));
    const context = await playwright.chromium.launchPersistentContext(profile, { ...launchOptions, baseURL });
    await use(context.pages()[0]);
    await context.close();
    await rm(profile, { recursive: true, force: true });
  },
});

test('the browser itself finds no fault with the manifest and would install the app', async ({ atHome: page }) => {
  await page.goto('/');
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  const cdp = await page.context().newCDPSession(page);
  const { url, errors, data } = await cdp.send('Page.getAppManifest');
  expect(url).toMatch(/\/manifest\.webmanifest$/);
  expect(errors).toEqual([]);
  const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors');
  expect(installabilityErrors).toEqual([]);

  const manifest = JSON.parse(data!);
  expect(manifest).toMatchObject({
    id: '/',
    start_url: '/',
    scope: '/',
    display: 'standalone',
    lang: 'ko',
    name: '엄빠도 어렸다',
    short_name: '엄빠도 어렸다',
  });
  const pictures = [
    ...manifest.icons,
    ...manifest.screenshots,
    ...manifest.shortcuts.flatMap(({ icons }: { icons: object[] }) => icons),
  ];
  for (const { src, sizes } of pictures) {
    const png = await readFile(join(SITE, src));
    expect(`${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`, src).toBe(sizes);
    expect((await page.request.get(src)).headers()['content-type'], src).toBe('image/png');
    expect(png.length, src).toBeLessThan(150_000);
  }
  expect(new Set(manifest.screenshots.map(({ form_factor }: { form_factor: string }) => form_factor))).toEqual(
    new Set(['narrow', 'wide']),
  );
});

test('the shortcuts lead to the only pair, to the list of several, and to the door of a stranger', async ({
  page,
  pairUp,
}) => {
  await page.goto('/archive');
  await expect(page).toHaveURL('/');
  await expect(page.getByRole('link', { name: '시작하기' })).toBeVisible();

  const pair = await pairUp();
  const child = pair.child.page;
  await child.goto('/today');
  await expect(child).toHaveURL(pair.at('today'));
  await child.goto('/archive');
  await expect(child).toHaveURL(pair.at('archive'));

  // The archive loads itself again on the event. A `goto` at that moment would race with it.
  await Promise.all([child.waitForEvent('load'), pair.child.startPair()]);
  await child.goto('/today');
  await expect(child).toHaveURL('/');
  await expect(child.getByRole('list', { name: '나의 짝' })).toBeVisible();
});
