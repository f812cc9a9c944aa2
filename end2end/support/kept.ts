// What the service worker stores on a device, as a page can see it.
import { expect, type Page } from '@playwright/test';

/** The paths of every stored file and page, by the name of the cache. */
export function kept(page: Page): Promise<Record<string, string[]>> {
  return page.evaluate(async () => {
    const names = await caches.keys();
    const paths = async (name: string) =>
      (await (await caches.open(name)).keys()).map(({ url }) => url.slice(location.origin.length));
    return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await paths(name)] as const)));
  });
}

/** The paths of the stored pages. */
export async function keptPages(page: Page): Promise<string[]> {
  const caches = await kept(page);
  return Object.keys(caches)
    .filter((name) => name.startsWith('pages:'))
    .flatMap((name) => caches[name]);
}

/** Waits until these pages are stored, and all files of their builds. */
export async function untilKept(page: Page, ...paths: string[]): Promise<void> {
  await expect.poll(() => keptPages(page)).toEqual(expect.arrayContaining(paths));
  await expect
    .poll(() =>
      page.evaluate(async (paths) => {
        const copies = await Promise.all(paths.map((path) => caches.match(path)));
        return Promise.all(
          copies.map(async (copy) => Boolean(await caches.match(`/pkg/${copy?.headers.get('x-keep')}/files.json`))),
        );
      }, paths),
    )
    .toEqual(paths.map(() => true));
}

/** Makes the copy of a page older, because a test cannot move the clock of a service worker. */
export async function age(page: Page, path: string, minutes: number): Promise<void> {
  await page.evaluate(
    async ([path, minutes]) => {
      for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        const copy = await cache.match(path);
        if (!copy) continue;
        const headers = new Headers(copy.headers);
        headers.set('x-kept-at', String(Number(headers.get('x-kept-at')) - minutes * 60_000));
        await cache.put(path, new Response(await copy.blob(), { headers }));
      }
    },
    [path, minutes] as const,
  );
}
