// Writing answers, and the texts that a device stores.
import type { Page } from '@playwright/test';
import { expect, type Pair } from './pair.ts';

export const KEPT = '이 기기에 저장됨';
export const WAITS = '이 기기에 저장됨. 인터넷에 닿으면 저절로 보낼게요.';
export const SAVED = '답을 잘 간직했어요.';

export const field = (page: Page) => page.getByLabel('나의 답');
export const send = (page: Page) => page.getByRole('button', { name: '답하기' }).click();
/** The texts put aside. */
export const unsent = (page: Page) => page.locator('[data-unsent]:visible');

/** All texts that this device stores. */
export const storedTexts = (page: Page): Promise<object[]> =>
  page.evaluate(async () => {
    const asked = indexedDB.open('umbba');
    const db = await new Promise<IDBDatabase>((settle) => (asked.onsuccess = () => settle(asked.result)));
    if (!db.objectStoreNames.contains('texts')) return [];
    const all = db.transaction('texts').objectStore('texts').getAll();
    const texts = await new Promise<object[]>((settle) => (all.onsuccess = () => settle(all.result)));
    db.close();
    return texts;
  });

/** Writes today's answer without a network, and sends it. */
export async function sendOffline(pair: Pair, text: string): Promise<void> {
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await page.context().setOffline(true);
  await field(page).fill(text);
  await send(page);
  await expect(page.getByText(WAITS)).toBeVisible();
}
