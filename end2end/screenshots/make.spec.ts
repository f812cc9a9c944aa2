// Makes public/screenshots, the pictures of the install sheet, from the running app. It is run by hand when the look of
// the app has changed: cd end2end && npx playwright test --config screenshots.
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { type Person, test } from '../support/pair.ts';
import { shrink } from './png.ts';

const FOLDER = resolve(import.meta.dirname, '../../public/screenshots');

const SAID = [
  [
    '골목에서 고무줄을 했지. 해가 지면 할머니가 밥 먹으라고 부르셨어.',
    '운동장 뒤 등나무 벤치요. 여름이면 거기가 제일 시원했어요.',
  ],
  ['마당에 감나무가 있었어. 가을이면 지붕까지 올라갔지.', '할머니 댁 다락방이요.'],
  ['첫 월급으로 어머니 내복을 샀어.', '친구랑 기차를 탔어요.'],
];

async function take(page: Page, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready.then(() => {}));
  await mkdir(FOLDER, { recursive: true });
  await writeFile(join(FOLDER, `${name}.png`), shrink(await page.screenshot({ animations: 'disabled' })));
}

test('pictures of the install sheet', async ({ somebody, ownServer }) => {
  const at = { baseURL: ownServer.url, colorScheme: 'light' as const };
  const narrow = { ...at, viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 };
  const [child, parent]: Person[] = [
    await somebody('민지', narrow),
    await somebody('순자', { ...at, viewport: { width: 1280, height: 800 } }),
  ];
  const pair = await child.startPair(await ownServer.clock.minute());
  await parent.join(await child.invite(pair));
  for (const [day, [theirs, own]] of SAID.entries()) {
    if (day > 0) await ownServer.clock.nextDay();
    await parent.answer(pair, theirs);
    await child.answer(pair, own);
  }
  await child.post('read_inbox', { seq: '1000' }).catch(() => {});
  await child.page.goto(`/p/${pair}/today`);
  await take(child.page, 'today-narrow');
  await child.page.goto(`/p/${pair}/archive`);
  await take(child.page, 'archive-narrow');
  await parent.page.goto(`/p/${pair}/today`);
  await take(parent.page, 'today-wide');
});
