// Pages to be read without a network. A navigation asks the network first; when the network does not answer, the worker
// shows the copy of the page, with a line that says how old the copy is. It keeps only pages that the server marks
// (`src/http/keep.rs`): `x-keep` names the build a page is of, and a copy is shown only when all files of that build
// are stored too. `x-whose` names the person who is signed in, and the copies of any other person are deleted.
import { deleteCaches, lookupStored } from './stored.ts';

declare const self: ServiceWorkerGlobalScope;

declare global {
  /** Network Information API and its `saveData` (WICG Save-Data). Not every browser has them. */
  interface WorkerNavigator {
    readonly connection?: { readonly saveData?: boolean };
  }
}

type Lang = 'ko' | 'en';

const LIMIT_MS = 3_000; // how long a navigation waits for the network when there is a copy
const LISTS = 3; // of 20 cards each: the last 60 cards of a pair
const LIST_FRESH_MS = 600_000; // a list younger than this is not fetched again
const MOST_PAGES = 300; // beyond this the oldest copies are deleted
const KEPT_AT = 'x-kept-at'; // epoch ms, written into a copy
const TODAY = /^(\/p\/[^/]+)\/today$/;
const PAIR = /^\/p\/[^/]+\//;
const CARDS = /\/p\/[^/"]+\/cards\/[^/"]+/g;
const SHORTCUTS = ['/today', '/archive']; // they redirect, and only the server knows where to
const AGE_LINE: Record<Lang, { now: string; sentence: (ago: string) => string; again: string }> = {
  ko: { now: '방금 전', sentence: (ago) => `인터넷에 닿지 않아 ${ago} 모습을 보여 드려요.`, again: '다시 열기' },
  en: {
    now: 'a moment ago',
    sentence: (ago) => `There is no internet. You see the page as it was ${ago}.`,
    again: 'Try again',
  },
};

/** The number of the last request for a page. */
let requests = 0;
/** Who was signed in according to the latest request that said so. Answers may overtake one another. */
let latest: { request: number; person: string | undefined } = { request: 0, person: undefined };
/** Settles when the copies of the person who was signed in before are deleted. */
let forgotten: Promise<void> | undefined;
let isGathering = false;

// ---- names

/**
 * The address under which a page is stored. Links that were passed on carry more parameters than the page reads, and
 * today's page has two addresses.
 */
function nameOf(url: string): string {
  const { pathname, searchParams } = new URL(url, self.location.origin);
  const path = pathname.replace(/(.)\/+$/, '$1').replace(/^\/p\/[^/]+$/, '$&/today');
  const asked = new URLSearchParams();
  for (const part of ['section', 'page']) {
    const value = searchParams.get(part);
    if (value !== null) asked.set(part, value);
  }
  return [path, String(asked)].filter(Boolean).join('?');
}

const ageOf = (copy: Response): number => Date.now() - Number(copy.headers.get(KEPT_AT));
const buildOf = (answer: Response | undefined): string | undefined => answer?.headers.get('x-keep') || undefined;
const listOf = (build: string): string => `/pkg/${build}/files.json`;

// ---- showing

/** Answers a navigation, and keeps the page that the network sends. */
export async function answerNavigation(event: FetchEvent): Promise<Response> {
  const { url } = event.request;
  const request = ++requests;
  const answer = fetch(event.request);
  event.waitUntil(answer.then((response) => keep(url, response.clone(), request)).catch(() => {}));
  const late = new Promise<undefined>((settle) => setTimeout(settle, LIMIT_MS));
  const first = await Promise.race([answer.catch(() => undefined), late]);
  // 502 and above: a proxy answers because the server does not, so a copy is better.
  if (first && first.status < 502) return first;
  const isShortcut = SHORTCUTS.includes(nameOf(url));
  const copy = (await copyOf(url)) ?? (isShortcut ? await copyOf('/') : undefined) ?? first;
  return copy ?? answer.catch(async (error: unknown) => (await lookupStored('/offline.html')) ?? Promise.reject(error));
}

/** The copy of a page with the line that says its age, if all files of its build are stored as well. */
async function copyOf(url: string): Promise<Response | undefined> {
  await forgotten;
  const copy = await lookupStored(nameOf(url));
  const build = buildOf(copy);
  if (!copy || !build || !(await lookupStored(listOf(build)))) return undefined;
  return new Response(withAge(await copy.text(), ageOf(copy)), { headers: copy.headers });
}

/** Adds the line with the age. Removes the cursor of the feed, without which the page opens no live line. */
function withAge(html: string, age: number): string {
  const lang: Lang = html.includes('<html lang="en"') ? 'en' : 'ko';
  const { now, sentence, again } = AGE_LINE[lang];
  const [unit, ms] = unitOf(age);
  const ago = age < 60_000 ? now : new Intl.RelativeTimeFormat(lang).format(-Math.floor(age / ms), unit);
  const line = `<p class="kept-bar" data-notice="lost"><span>${sentence(ago)}</span> <a href="">${again}</a></p>`;
  const script = '<script src="/kept.js" async></script>';
  return html.replace(/ data-as-of="[^"]*"/, '').replace(/<header|<main/, (start) => line + script + start);
}

function unitOf(age: number): [Intl.RelativeTimeFormatUnit, number] {
  if (age < 3_600_000) return ['minute', 60_000];
  if (age < 86_400_000) return ['hour', 3_600_000];
  return ['day', 86_400_000];
}

// ---- keeping

/**
 * Keeps a page that may be kept, and deletes the copies of everybody but the person it is for. `request` is the number
 * of the request that it answers. Returns whether the page was kept.
 */
async function keep(url: string, response: Response, request: number): Promise<boolean> {
  const person = response.headers.get('x-whose');
  const build = buildOf(response);
  // Without `x-whose` it is no page of the app, or the server could not find out who is signed in.
  if (!person || (request < latest.request && person !== latest.person)) return false;
  latest = { request, person };
  await deleteCaches('pages:', `pages:${person}`);
  if (!build) {
    if (response.status === 410) await forgetPair(url, person);
    return false;
  }
  const headers = new Headers(response.headers);
  headers.set(KEPT_AT, String(Date.now()));
  const body = await response.blob();
  const pages = await caches.open(`pages:${person}`);
  const name = nameOf(url);
  await pages.put(name, new Response(body, { headers }));
  await gatherFiles(build);
  const pair = TODAY.exec(name)?.[1];
  if (pair) await gatherCards(pages, pair, build);
  return true;
}

/** Deletes the copies of a pair's pages: the person's seat in it moved to somebody else. */
async function forgetPair(url: string, person: string): Promise<void> {
  const pair = PAIR.exec(new URL(url).pathname)?.[0];
  if (!pair) return;
  const pages = await caches.open(`pages:${person}`);
  for (const copy of await pages.keys()) {
    if (new URL(copy.url).pathname.startsWith(pair)) await pages.delete(copy, { ignoreVary: true });
  }
}

async function fetchPage(url: string): Promise<{ url: string; response: Response; request: number }> {
  const request = ++requests;
  return { url, response: await fetch(url, { headers: { accept: 'text/html' } }), request };
}

async function fetchAndKeep(url: string): Promise<boolean> {
  const { response, request } = await fetchPage(url);
  return keep(url, response, request);
}

/** Keeps a page whose load did not pass through this worker: it was not active yet, or it was starting. */
export async function keepPage(url: string): Promise<void> {
  await fetchAndKeep(url);
}

/** Stores every file of a build. The list of the files is stored last: where it is, no file is missing. */
async function gatherFiles(build: string): Promise<void> {
  if (await lookupStored(listOf(build))) return;
  const list = await fetch(listOf(build));
  const names: unknown = await list.clone().json();
  if (!Array.isArray(names)) throw new TypeError(`${list.url} is not a list`);
  const files = await caches.open(`build:${build}`);
  await files.addAll(names.map(String));
  await files.put(listOf(build), list);
}

/**
 * Keeps the last cards of a pair and the lists that lead to them, one request after the other. Then deletes what is of
 * older builds.
 */
async function gatherCards(pages: Cache, pair: string, build: string): Promise<void> {
  const first = `${pair}/archive`;
  const copy = await lookupStored(first);
  const isFresh = copy !== undefined && buildOf(copy) === build && ageOf(copy) < LIST_FRESH_MS;
  if (isGathering || isFresh || self.navigator.connection?.saveData) return;
  isGathering = true;
  try {
    const has = async (url: string) => buildOf(await lookupStored(url)) === build || (await fetchAndKeep(url));
    await has('/');
    for (let number = 1, hasMore = true; hasMore && number <= LISTS; number += 1) {
      const { url, response, request } = await fetchPage(number === 1 ? first : `${first}?page=${number}`);
      const html = await response.clone().text();
      for (const card of html.matchAll(CARDS)) if (!(await has(card[0]))) return;
      hasMore = (await keep(url, response, request)) && html.includes('rel="next"');
    }
    await tidy(pages, build);
  } finally {
    isGathering = false;
  }
}

/** Deletes the copies and files of other builds, and the oldest copies where there are too many. */
async function tidy(pages: Cache, build: string): Promise<void> {
  const copies = await pages.keys(); // in the order in which they were put: the oldest first
  for (const [at, copy] of copies.entries()) {
    const isOld = buildOf(await lookupStored(copy)) !== build || at < copies.length - MOST_PAGES;
    if (isOld) await pages.delete(copy, { ignoreVary: true });
  }
  await deleteCaches('build:', `build:${build}`);
}

// ---- forgetting

/** Deletes every copy: from now on another person may be signed in, or nobody. */
export function forgetPages(): Promise<void> {
  latest = { request: ++requests, person: undefined };
  forgotten = deleteCaches('pages:');
  return forgotten;
}
