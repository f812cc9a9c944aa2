// The copy that a person keeps, opened from a disk in Chromium and in Firefox, without the app.
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { chromium } from '@playwright/test';
import puppeteer from 'puppeteer-core';
import { expect, type Pair, test as base } from '../support/pair.ts';
import { openFold } from '../support/fold.ts';

const PARENT_SAYS = '골목에서 <b>고무줄</b>을 했지.';
const CHILD_SAYS = '운동장 뒤 등나무 벤치요.';

const test = base.extend<{ pair: Pair; folder: string }>({
  pair: async ({ pairUp }, use) => {
    const pair = await pairUp();
    await pair.complete(PARENT_SAYS, CHILD_SAYS);
    await use(pair);
  },
  /** The folder with the unpacked copy of the parent. */
  folder: async ({ pair }, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'umbba-copy-'));
    const { page } = pair.parent;
    await page.goto('/settings');
    await page.getByRole('link', { name: '이야기를 파일로 간직하기' }).click();
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: /받기$/ }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(/^umbba-\d{4}-\d{2}-\d{2}\.zip$/);
    await download.saveAs(join(folder, 'copy.zip'));
    execFileSync('unzip', ['-q', join(folder, 'copy.zip'), '-d', folder]);
    await use(folder);
    await rm(folder, { recursive: true });
  },
});

const addressOf = (folder: string) => pathToFileURL(join(folder, 'index.html')).href;

test('a copy is what its schema says', async ({ folder }) => {
  const read = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(folder, name), 'utf8'));
  const [schema, archive] = await Promise.all([read('schema.json'), read('archive.json')]);
  const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
  const isValid = ajv.compile(schema as object);
  isValid(archive);
  expect(isValid.errors).toBeNull();
  expect(isValid({ ...(archive as object), version: 2 })).toBe(false);
});

for (const javaScriptEnabled of [true, false]) {
  test(`a copy opens from a disk in Chromium ${javaScriptEnabled ? 'with' : 'without'} scripts`, async ({ folder }) => {
    // The browser of the tests runs with a context that has an address; this one has none.
    const browser = await chromium.launch(test.info().project.use.launchOptions);
    const page = await (await browser.newContext({ javaScriptEnabled, offline: true })).newPage();
    const heard: string[] = [];
    page.on('console', (message) => heard.push(message.text()));
    page.on('pageerror', (error) => heard.push(error.message));
    await page.goto(addressOf(folder));
    await expect(page.getByText(PARENT_SAYS)).toBeVisible();
    await expect(page.getByText(CHILD_SAYS)).toBeVisible();
    const background = await page.locator('article').evaluate((card) => getComputedStyle(card).borderRadius);
    expect(background).toBe('12px'); // the style sheet is allowed
    const search = page.getByLabel('이야기 찾기');
    if (javaScriptEnabled) {
      await search.fill('등나무벤치');
      await expect(page.getByText('1장을 찾았어요.')).toBeVisible();
      await search.fill('없는 말');
      await expect(page.getByText('그런 말이 있는 카드는 없어요.')).toBeVisible();
      await expect(page.getByText(CHILD_SAYS)).toBeHidden();
    } else {
      await expect(search).toHaveCount(0);
    }
    expect(heard).toEqual([]);
    await browser.close();
  });
}

test('a copy opens from a disk in Firefox', async ({ folder }) => {
  const home = await mkdtemp(join(tmpdir(), 'umbba-firefox-'));
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.FIREFOX || '/usr/bin/firefox-esr',
    headless: true,
    userDataDir: join(home, 'profile'),
    env: { PATH: process.env.PATH, HOME: home, TMPDIR: home, MOZ_CRASHREPORTER_DISABLE: '1' },
  });
  const [page] = await browser.pages();
  const heard: string[] = [];
  page.on('console', (message) => heard.push(message.text()));
  page.on('pageerror', (error) => heard.push(String(error)));
  await page.goto(addressOf(folder));
  const shown = () => page.$$eval('article', (cards) => cards.filter((card) => card.checkVisibility()).length);
  expect(await page.$eval('main', (main) => main.textContent)).toContain(PARENT_SAYS);
  expect(await page.$eval('article', (card) => getComputedStyle(card).borderRadius)).toBe('12px');
  expect(await shown()).toBe(1);
  await page.type('#search-for', '고무줄');
  await expect.poll(shown).toBe(1);
  await page.type('#search-for', '아님');
  await expect.poll(shown).toBe(0);
  expect(heard).toEqual([]);
  await browser.close();
  await rm(home, { recursive: true });
});

test('a saved copy is brought back by somebody else’s hands into an archive that can only be read', async ({
  folder,
  somebody,
}) => {
  const other = await somebody('도윤');
  await other.signUp();
  const { page } = other;
  await page.goto('/keep');
  await openFold(page, '받아 둔 파일 다시 가져오기');
  await page.getByLabel('받아 둔 zip 파일').setInputFiles(join(folder, 'copy.zip'));
  await page.getByRole('button', { name: '가져오기' }).click();
  await expect(page.getByText('가져왔어요.')).toBeVisible();
  await page.goto('/');
  await page.getByRole('link', { name: '민지와 나 (마침)' }).click();
  await expect(page.getByText('마친 짝이에요').first()).toBeVisible();

  await page.goto('/keep');
  await openFold(page, '받아 둔 파일 다시 가져오기');
  await page.getByLabel('받아 둔 zip 파일').setInputFiles(join(folder, 'index.html'));
  await page.getByRole('button', { name: '가져오기' }).click();
  await expect(page.getByText('이 파일은 가져올 수 없어요.')).toBeVisible();
});

test('a copy with fields of a later release that are named like a prototype can be searched', async ({
  folder,
  somebody,
}) => {
  // Twice in one object it is a syntax error in a script, and once it is no field.
  const text = String.raw`"\\ \u2028`.concat(' \u2028 </script>\'"');
  const later = `"__proto__":{"pairs":[]},"later":{"__proto__":1,"__proto__":2,"text":${text}}`;
  const file = join(folder, 'archive.json');
  await writeFile(file, (await readFile(file, 'utf8')).replace('{', `{${later},`));
  execFileSync('zip', ['-q', 'later.zip', 'archive.json'], { cwd: folder });
  const other = await somebody('도윤');
  await other.signUp();
  await other.page.goto('/keep');
  await openFold(other.page, '받아 둔 파일 다시 가져오기');
  await other.page.getByLabel('받아 둔 zip 파일').setInputFiles(join(folder, 'later.zip'));
  await other.page.getByRole('button', { name: '가져오기' }).click();
  await expect(other.page.getByText('가져왔어요.')).toBeVisible();
  const downloading = other.page.waitForEvent('download');
  await other.page.getByRole('link', { name: /받기$/ }).click();
  await (await downloading).saveAs(join(folder, 'next.zip'));
  execFileSync('unzip', ['-qo', join(folder, 'next.zip'), '-d', folder]);
  expect(await readFile(file, 'utf8')).toContain(later);

  const browser = await chromium.launch(test.info().project.use.launchOptions);
  const page = await (await browser.newContext({ offline: true })).newPage();
  const heard: string[] = [];
  page.on('pageerror', (error) => heard.push(error.message));
  await page.goto(addressOf(folder));
  await page.getByLabel('이야기 찾기').fill('등나무벤치');
  await expect(page.getByText('1장을 찾았어요.')).toBeVisible();
  expect(heard).toEqual([]);
  await browser.close();
});
