// What somebody wrote lies on this device (IndexedDB) until the server has it: drafts as they are typed, answers that
// wait for the network, and texts that cannot become an answer any more, with the reason. Nothing is thrown away but by
// its writer. The store is used as it is: what a library would hide is a reopening and a promise around each request.
const AGAIN_MS = 5_000; // doubled up to a minute while a page is open
const AGAIN_MOST_MS = 60_000;
const SAID_MS = 10_000;
const WIPE_MS = 1_000; // a store just cleared may not open again
const SEND_MS = 20_000;
// These may go better another time; what the server says with any other status stays so.
const isLater = (status) => status === 401 || status === 408 || status === 429 || status >= 500;

let me; // whose browser this is
let opened; // the database, a promise
let turn = Promise.resolve(); // one thing after the other, so that what is typed last lies there last
let failures = 0;
let timer;
const memory = new Map(); // where there is no database: for as long as the page lives
const dirty = new Map(); // typed, and not on the device yet

const inTurn = (work) => (turn = turn.then(work, work));

function database() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open('umbba', 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore('texts', { keyPath: 'id' });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  return opened;
}

/** One transaction; true when it is on the device. iOS closes databases of pages that slept: it is opened once more. */
async function act(mode, work) {
  for (let isAgain = false; ; isAgain = true) {
    try {
      const tx = (await database()).transaction('texts', mode, { durability: 'strict' });
      const request = work(tx.objectStore('texts'));
      await new Promise((resolve, reject) => {
        tx.oncomplete = resolve;
        tx.onabort = () => reject(tx.error);
      });
      return { found: request?.result, isKept: true };
    } catch {
      opened = undefined;
      if (isAgain) break;
    }
  }
  const store = {
    getAll: () => ({ result: [...memory.values()] }),
    put: (text) => memory.set(text.id, text),
    delete: (id) => memory.delete(id),
  };
  return { found: work(store)?.result, isKept: false };
}

/** All texts of whoever is here, the oldest first. */
async function mine() {
  const { found } = await act('readonly', (store) => store.getAll());
  return found.filter(({ person }) => person === me).sort((a, b) => a.at - b.at);
}

const idOf = (question, version) => `${me}:${question}:${version}`;

function put(...texts) {
  return act('readwrite', (store) => texts.forEach((text) => store.put(text)));
}

function move(from, to) {
  return act('readwrite', (store) => {
    store.delete(from.id);
    if (to) store.put(to);
  });
}

const asideOf = (text, reason) => ({ ...text, id: `aside:${crypto.randomUUID()}`, state: 'aside', reason });

// ---- drafts

/** What waits here for this wording: [text, whether it is on its way already, whether it is not on the device yet]. */
export async function load_text(question, version) {
  const id = idOf(question, version);
  const texts = await inTurn(mine);
  const draft = texts.find((text) => text.id === id);
  const waiting = texts.find((text) => text.id === `${id}:out`);
  const form = document.querySelector('[data-answer]');
  const shared = form?.dataset.answer === question && takeShared();
  if (shared) {
    // Another app's text comes after what stands here already.
    const field = form.querySelector('textarea');
    field.closest('details')?.setAttribute('open', '');
    return [[draft?.text ?? field.value, shared].filter(Boolean).join('\n\n'), false, true];
  }
  return draft ? [draft.text, false] : waiting ? [waiting.text, true] : undefined;
}

/** Keeps a draft, or forgets it when it is empty; true when it is on the device. `base`: revisions of mine seen so far. */
export function save_text(pair, question, version, base, text) {
  const id = idOf(question, version);
  dirty.set(id, { id, person: me, pair, question, version, base, text, state: 'draft', at: Date.now() });
  return inTurn(async () => {
    const draft = dirty.get(id);
    if (!draft) return true; // a later turn of the keys is there already
    const { isKept } = await (draft.text ? put(draft) : move(draft));
    if (isKept && dirty.get(id) === draft) dirty.delete(id);
    return isKept;
  });
}

/**
 * What may still be answered of a pair (`id:version:base`, by commas). A draft for anything else is put aside and says
 * why: the card opened, the question was swapped, another device answered, the pair was closed.
 */
export async function settle_texts(pair, isClosed, answerable) {
  // A kept copy, which has no number of the feed, knows an earlier day: it decides nothing.
  if (!document.documentElement.dataset.asOf) return draw();
  const open = new Map(answerable.split(',').filter(Boolean).map((text) => text.split(':')).map(([id, ...rest]) => [id, rest.map(Number)]));
  // Brought from another app, and nothing here to answer.
  const shared = !document.querySelector('[data-answer]') && takeShared();
  await inTurn(async () => {
    if (shared) await put({ id: `aside:${crypto.randomUUID()}`, person: me, pair, text: shared, state: 'aside', reason: 'Shared', at: Date.now() });
    for (const draft of await mine()) {
      if (draft.state !== 'draft' || draft.pair !== pair) continue;
      const [version, base] = open.get(draft.question) ?? [];
      const reason =
        version === undefined ? (isClosed ? 'PairClosed' : 'AlreadyOpen') : version !== draft.version ? 'Swapped' : base !== draft.base ? 'AnsweredElsewhere' : '';
      if (reason) await move(draft, asideOf(draft, reason));
    }
  });
  await draw();
}

// ---- shared from another app

const SHARED = 'shared';

function takeShared() {
  const text = sessionStorage.getItem(SHARED);
  sessionStorage.removeItem(SHARED);
  return text;
}

/** The page that shows it once more is left for today's. */
function share({ target }) {
  if (target.closest?.('[data-share-into]')) sessionStorage.setItem(SHARED, document.querySelector('[data-shared]').value);
}

// ---- the outbox

/** Sends an answer: '' taken, 'waiting' on this device, else the server's refusal as JSON. */
export async function submit_text(pair, question, version, base, text) {
  const id = idOf(question, version);
  const out = { id: `${id}:out`, person: me, pair, question, version, base, text, state: 'out', key: crypto.randomUUID(), at: Date.now() };
  dirty.delete(id);
  await inTurn(() => move({ id }, out));
  return (await flush(out)) ?? '';
}

/** Sends what waits; `fresh` was written this moment. Its outcome, unless another tab was faster. */
async function flush(fresh) {
  if (!me) return undefined;
  clearTimeout(timer);
  // One tab at a time; the server knows a key it has seen, so two would do no harm.
  const outcome = await (navigator.locks ? navigator.locks.request(`texts:${me}`, () => sendAll(fresh)) : sendAll(fresh));
  await draw();
  return outcome;
}

async function sendAll(fresh) {
  let outcome;
  let isDone = true;
  for (const out of await inTurn(mine)) {
    if (out.state !== 'out') continue;
    const isFresh = out.key === fresh?.key;
    const answer = await send(out, isFresh);
    if (answer === 'waiting') isDone = false;
    else await inTurn(() => settle(out, answer, isFresh));
    if (isFresh) outcome = answer;
    if (answer !== 'waiting') dispatchEvent(new CustomEvent('umbba:sent'));
    if (!answer && !isFresh) sayWent(Date.now());
  }
  failures = isDone ? 0 : failures + 1;
  if (!isDone) timer = setTimeout(flush, Math.min(AGAIN_MOST_MS, AGAIN_MS * 2 ** (failures - 1)) * (0.5 + Math.random() / 2));
  return outcome;
}

async function send({ question, version, base, text, key, person }, isFresh) {
  const fields = new URLSearchParams({ daily_question: question, version, body: text, key, whose: person });
  // What waited was written before whatever another device may have answered meanwhile: never over it.
  if (!isFresh) fields.set('base', base);
  try {
    const init = { method: 'POST', body: fields, headers: { accept: 'application/json' }, signal: AbortSignal.timeout(SEND_MS) };
    const response = await fetch('/api/submit_answer', init);
    if (response.ok) return '';
    return isLater(response.status) ? 'waiting' : await response.text();
  } catch {
    return 'waiting';
  }
}

/** Taken: it is gone from here. Refused: what was just written goes back to its field if it can be mended there. */
async function settle(out, answer, isFresh) {
  const texts = await mine();
  // Sent once more with other words meanwhile: those decide.
  if (texts.find(({ id }) => id === out.id)?.key !== out.key) return;
  if (!answer) {
    await move(out);
    const id = idOf(out.question, out.version);
    const later = dirty.get(id) ?? texts.find((text) => text.id === id);
    if (later?.text === out.text) await move(later);
    else if (later) await put(Object.assign(later, { base: out.base + 1 }));
  } else if (isFresh && /Answer(Empty|TooLong|Forbidden)|TooLarge|Malformed/.test(answer)) {
    await move(out, { ...out, id: idOf(out.question, out.version), state: 'draft' });
  } else {
    await move(out, asideOf(out, answer.replaceAll('"', '')));
  }
}

// ---- on the page

function show(name, isShown) {
  for (const notice of document.querySelectorAll(`[data-notice=${name}]`)) notice.hidden = !isShown;
}

/** The news of it may draw this very page anew: it says so once more. */
function sayWent(at) {
  sessionStorage.setItem('went', at);
  show('sent', true);
}

let drawn;

/** The texts put aside, and that something waits where no field says so. */
async function draw() {
  const texts = await inTurn(mine);
  show('waiting', texts.some(({ state, question }) => state === 'out' && !document.querySelector(`[data-answer="${question}"]`)));
  const aside = texts.filter(({ state }) => state === 'aside');
  const now = aside.map(({ id }) => id).join();
  if (now === drawn) return;
  drawn = now;
  // Today's page has a place of its own, by the card.
  const places = [...document.querySelectorAll('[data-unsent]')];
  for (const place of places) place.hidden = true;
  const place = places.at(-1);
  if (!place) return;
  place.hidden = !aside.length;
  place.replaceChildren(...aside.map((text) => leaf(place.dataset, text)));
}

function leaf(words, text) {
  const article = document.createElement('article');
  const line = (kind, says, name) => {
    const element = article.appendChild(document.createElement(kind));
    element.textContent = says;
    if (name) element.className = name;
    return element;
  };
  line('p', words[text.reason[0].toLowerCase() + text.reason.slice(1)] ?? words.other, 'reason');
  line('p', text.text, 'answer-text');
  const copy = line('button', words.copy, 'button ghost');
  copy.onclick = async () => {
    await navigator.clipboard.writeText(text.text);
    copy.textContent = words.copied;
  };
  line('button', words.drop, 'button quiet').onclick = async () => {
    await inTurn(() => move(text));
    await draw();
  };
  return article;
}

/** Signing out sends first what waits, and asks before anything written is lost. */
async function leave(event) {
  const form = event.target;
  if (!form.matches('[data-forget]')) return;
  event.preventDefault();
  const sure = form.querySelector('[data-sure]');
  const said = form.querySelector('[role=alert]');
  // What is sent now comes back as news; as if somebody typed, the page is not drawn anew for it.
  form.dispatchEvent(new Event('input', { bubbles: true }));
  await flush();
  const left = await inTurn(mine);
  if (left.length && sure.hidden) {
    said.textContent = said.dataset.left.replace('{count}', left.length);
    sure.hidden = false;
    sure.querySelector('button').onclick = () => navigator.clipboard.writeText(left.map(({ text }) => text).join('\n\n'));
    sure.querySelector('button').focus();
    return;
  }
  // An open store would hold up its clearing.
  (await opened?.catch(() => {}))?.close();
  opened = undefined;
  const response = await fetch(form.action, { method: 'POST', headers: { accept: 'application/json' } }).catch(() => undefined);
  if (!response?.ok && response?.status !== 401) {
    said.textContent = said.dataset.failed;
    return;
  }
  // The answer asked the browser to forget all this (Clear-Site-Data); not every browser does.
  const wiped = act('readwrite', (store) => left.forEach(({ id }) => store.delete(id)));
  await Promise.race([wiped, new Promise((settle) => setTimeout(settle, WIPE_MS))]);
  localStorage.clear();
  navigator.clearAppBadge?.();
  navigator.serviceWorker?.controller?.postMessage({ act: 'forget' });
  location.assign('/');
}

/** "A new version is there": not before what is being typed lies on this device. */
async function update(event) {
  const link = event.target.closest?.('[data-notice=build] a');
  if (!link || !dirty.size) return;
  event.preventDefault();
  await turn;
  if (dirty.size) link.previousElementSibling.textContent = link.dataset.unsaved;
  else location.reload();
}

/** On every page of somebody signed in. */
export function start_texts(person) {
  me = person;
  if (Date.now() - sessionStorage.getItem('went') < SAID_MS) show('sent', true);
  const worker = navigator.serviceWorker;
  // A page that came past its worker tells it, to be kept as well. (It may have been claimed since.)
  if (worker && !performance.getEntriesByType('navigation')[0]?.workerStart) {
    worker.ready.then(({ active }) => active.postMessage({ act: 'opened', url: location.href }));
  }
  flush();
  addEventListener('online', () => flush());
  addEventListener('pageshow', ({ persisted }) => persisted && flush());
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && flush());
  document.addEventListener('submit', leave);
  document.addEventListener('click', update);
  document.addEventListener('click', share);
}
