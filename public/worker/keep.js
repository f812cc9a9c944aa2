// Pages to be read without a network: the network first, a copy that says its age when it does not answer. Kept are only
// those the server marks: `x-keep` names the build a page is of, and it is shown only together with all files of that
// build; `x-whose` says who is here, and nobody else's copies stay.
const LIMIT_MS = 3_000; // nobody waits longer for a page that lies here
const LISTS = 3; // of 20 cards each: the last 60 of a pair
const LIST_FRESH_MS = 600_000; // a list so young is not asked for again
const MOST_PAGES = 300; // the oldest go
const TODAY = /^(\/p\/[^/]+)\/today$/;
const CARDS = /\/p\/[^/"]+\/cards\/[^/"]+/g;
const SHORTCUTS = ['/today', '/archive']; // they lead on, and only the network knows where
const WORDS = {
  ko: { now: '방금 전', say: (ago) => `인터넷에 닿지 않아 ${ago} 모습을 보여 드려요.`, again: '다시 열기' },
  en: { now: 'a moment ago', say: (ago) => `There is no internet. You see the page as it was ${ago}.`, again: 'Try again' },
};

// Addresses tell our pages and files apart, whatever an answer says it varies by.
const found = (request) => caches.match(request, { ignoreVary: true });
/** What a page is kept by: links that were passed on come with more behind them, and two addresses lead to today. */
function nameOf(url) {
  const { pathname, searchParams } = new URL(url, self.location.origin);
  const path = pathname.replace(/(.)\/+$/, '$1').replace(/^\/p\/[^/]+$/, '$&/today');
  const asked = new URLSearchParams(['section', 'page'].filter((part) => searchParams.has(part)).map((part) => [part, searchParams.get(part)]));
  return [path, String(asked)].filter(Boolean).join('?');
}
const ageOf = (copy) => Date.now() - Number(copy.headers.get('x-kept-at'));
const buildOf = (answer) => answer?.headers.get('x-keep');
const listOf = (build) => `/pkg/${build}/files.json`;

// Answers may overtake one another: an older one never says who is here.
let turns = 0;
let here = { turn: 0, person: undefined };
let wiped;
let isGathering = false;

// ---- showing

async function page(event) {
  const { url } = event.request;
  const turn = ++turns;
  const answer = fetch(event.request);
  event.waitUntil(answer.then((response) => keep(url, response.clone(), turn)).catch(() => {}));
  const late = new Promise((settle) => setTimeout(settle, LIMIT_MS));
  const first = await Promise.race([answer.catch(() => {}), late]);
  // A proxy whose server is away has no page for anybody either.
  if (first && first.status < 502) return first;
  const isShortcut = SHORTCUTS.includes(nameOf(url));
  return (await copy(url)) || (isShortcut && (await copy('/'))) || first || answer.catch(() => found('/offline.html'));
}

/** The copy of a page, if all files of its build are here as well. */
async function copy(url) {
  await wiped;
  const kept = await found(nameOf(url));
  if (!buildOf(kept) || !(await found(listOf(buildOf(kept))))) return undefined;
  return new Response(tell(await kept.text(), ageOf(kept)), { headers: kept.headers });
}

/** Says at the page's top how old it is. Without its number of the feed it opens no line, which could only fail. */
function tell(html, age) {
  const lang = html.includes('<html lang="en"') ? 'en' : 'ko';
  const { now, say, again } = WORDS[lang];
  const [unit, ms] = age < 3_600_000 ? ['minute', 60_000] : age < 86_400_000 ? ['hour', 3_600_000] : ['day', 86_400_000];
  const ago = age < 60_000 ? now : new Intl.RelativeTimeFormat(lang).format(-Math.floor(age / ms), unit);
  const line = `<p class="kept-bar" data-notice="lost"><span>${say(ago)}</span> <a href="">${again}</a></p><script src="/kept.js" async></script>`;
  return html.replace(/ data-as-of="[^"]*"/, '').replace(/<header|<main/, (start) => line + start);
}

// ---- keeping

/** Keeps a page that may be kept, and drops what is not this person's. True when it was kept. */
async function keep(url, response, turn) {
  const [person, build] = [response.headers.get('x-whose'), buildOf(response)];
  // Not a page of the app, or one that could not find out who is here.
  if (!person || (turn < here.turn && person !== here.person)) return false;
  here = { turn, person };
  await drop('pages:', `pages:${person}`);
  if (!build) return false;
  const headers = new Headers(response.headers);
  headers.set('x-kept-at', Date.now());
  const body = await response.blob();
  const pages = await caches.open(`pages:${person}`);
  const name = nameOf(url);
  await pages.put(name, new Response(body, { headers }));
  await gatherFiles(build);
  const [, pair] = TODAY.exec(name) ?? [];
  if (pair) await gatherCards(pages, pair, build);
  return true;
}

async function ask(url) {
  const turn = ++turns;
  return [url, await fetch(url, { headers: { accept: 'text/html' } }), turn];
}

/** A page that came without its worker knowing: before there was one, or while it woke up. */
async function visit(url) {
  await keep(...(await ask(url)));
}

async function renew(id) {
  const client = await self.clients.get(id);
  if (client) await visit(client.url);
}

/** Every file of a build. The list of them is put last: where it lies, nothing is missing. */
async function gatherFiles(build) {
  if (await found(listOf(build))) return;
  const list = await fetch(listOf(build));
  const names = await list.clone().json();
  const files = await caches.open(`build:${build}`);
  await files.addAll(names);
  await files.put(listOf(build), list);
}

/** The last cards of a pair, one after the other, and the lists that lead to them; then older builds may go. */
async function gatherCards(pages, pair, build) {
  const first = `${pair}/archive`;
  const kept = await found(first);
  const isFresh = buildOf(kept) === build && ageOf(kept) < LIST_FRESH_MS;
  if (isGathering || isFresh || self.navigator.connection?.saveData) return;
  isGathering = true;
  try {
    const has = async (url) => buildOf(await found(url)) === build || keep(...(await ask(url)));
    await has('/');
    for (let number = 1, hasMore = true; hasMore && number <= LISTS; number += 1) {
      const asked = await ask(number === 1 ? first : `${first}?page=${number}`);
      const html = await asked[1].clone().text();
      for (const [card] of html.matchAll(CARDS)) if (!(await has(card))) return;
      hasMore = (await keep(...asked)) && html.includes('rel="next"');
    }
    await tidy(pages, build);
  } finally {
    isGathering = false;
  }
}

async function tidy(pages, build) {
  const urls = await pages.keys(); // as they were put, the oldest first
  for (const [at, url] of urls.entries()) {
    if (buildOf(await found(url)) !== build || at < urls.length - MOST_PAGES) await pages.delete(url, { ignoreVary: true });
  }
  await drop('build:', `build:${build}`);
}

// ---- forgetting

/** Forgets the caches whose names begin so, but one. */
async function drop(start, but) {
  const names = (await caches.keys()).filter((name) => name.startsWith(start) && name !== but);
  await Promise.all(names.map((name) => caches.delete(name)));
}

/** Somebody else may be here from now on. */
function wipe() {
  here = { turn: ++turns, person: undefined };
  wiped = drop('pages:');
  return wiped;
}
