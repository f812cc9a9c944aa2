// The answers of this device that the server has not confirmed yet. Each is stored before it is sent, waits where there
// is no network, and is sent again until it is taken or refused. Its key lets the server take it once.
import type { PageMessage } from '../worker/messages.ts';
import { noteSent, saySent, show } from './aside.ts';
import type { ErrorCode, Place, Sent } from './contract.ts';
import { formFor } from './shared.ts';
import {
  asideOf,
  draftId,
  findMine,
  inTurn,
  isFailing,
  me,
  put,
  queuedId,
  type Reason,
  replace,
  type StoredText,
  textOf,
  type Texts,
  unsaved,
  update,
} from './store.ts';

const AGAIN_MS = 5_000; // doubled up to a minute while a page is open
const AGAIN_MOST_MS = 60_000;
const SEND_MS = 20_000;
const TAKEN: Sent = { state: 'taken' };
const QUEUED: Sent = { state: 'queued' };
const refused = (error: ErrorCode): Sent => ({ state: 'refused', error });
// The same request may succeed later. Any other status is final.
const isTemporary = (status: number) => status === 401 || status === 408 || status === 429 || status >= 500;

let failures = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let isMendable: (error: ErrorCode) => boolean = () => false;
const listeners: (() => void)[] = [];

/** The marks of the drafts that this tab has read or written, by id. */
export const knownMarks = new Map<string, number>();

/**
 * Puts a stored draft aside before `draft` takes its place, if this tab has neither read nor written it: it is of
 * another tab, or of an earlier page.
 */
export function keepForeignText(store: Texts, found: StoredText | undefined, draft: StoredText): void {
  const isOurs =
    !found || !found.text.trim() || found.mark === knownMarks.get(found.id) || draft.text.startsWith(found.text);
  knownMarks.set(draft.id, draft.mark);
  if (!isOurs) putAside(store, found, 'Elsewhere');
}

/** Puts a text aside within the transaction of `store`, and tells the page when that is over. */
export function putAside(store: Texts, text: StoredText, reason: Reason): void {
  store.put(asideOf(text, reason));
  void inTurn(() => {}).then(show);
}

/** Calls `act` whenever a text was taken or refused. */
export function onSettled(act: () => void): void {
  listeners.push(act);
}

/** Stores an answer and sends it. */
export const submitText = (place: Place, text: string): Promise<Sent> =>
  submit(place, text).catch(() => refused('Broken'));

async function submit(place: Place, text: string): Promise<Sent> {
  const id = draftId(place);
  let out = textOf({ ...place, id: queuedId(place), text, state: 'out', key: crypto.randomUUID() });
  const draft = textOf({ ...out, id, state: 'draft' });
  unsaved.delete(id);
  const { isSaved } = await inTurn(() =>
    update([id, out.id], (store, [found, before]) => {
      keepForeignText(store, found, draft);
      store.delete(id);
      // The answer that this one replaces may have arrived without a receipt: the server counts it as seen.
      if (before?.isTried) out = { ...out, earlier: [before.earlier, before.key].filter(Boolean).join() };
      store.put(out);
    }),
  );
  // Asks that the store is not cleared when room is short. In a tab some browsers would ask the person.
  if (matchMedia('(display-mode: standalone)').matches) void navigator.storage?.persist?.();
  const sent = (await flush(out)) ?? TAKEN;
  if (isSaved || sent.state !== 'queued') return sent;
  // The text is stored nowhere, so it stays in its field.
  unsaved.set(id, draft);
  await inTurn(() => replace(out));
  return refused('Network');
}

/** Sends what waits. Returns what became of `fresh`, which was just written, unless another tab has sent it. */
export async function flush(fresh?: StoredText): Promise<Sent | undefined> {
  if (!me) return undefined;
  clearTimeout(timer);
  const send = () => sendAll(fresh);
  // One tab sends at a time. The limit is for a tab that sleeps while it holds the lock. Two tabs that send the same
  // text do no harm, because the server recognises its key.
  const signal = AbortSignal.timeout?.(SEND_MS);
  const locked = navigator.locks?.request(`texts:${me}`, signal ? { signal } : {}, send);
  const sent = await (locked?.catch((error: unknown) => (signal?.aborted ? send() : Promise.reject(error))) ?? send());
  await show();
  return sent;
}

async function sendAll(fresh: StoredText | undefined): Promise<Sent | undefined> {
  let result: Sent | undefined;
  const texts = await inTurn(findMine);
  let isDone = !isFailing();
  for (const out of texts) {
    if (out.state !== 'out') continue;
    const isFresh = out.key === fresh?.key;
    if (!(await inTurn(() => markTried(out)))) continue;
    const sent = await send(out, isFresh);
    if (isFresh) result = sent;
    if (sent.state === 'queued') {
      isDone = false;
      continue;
    }
    if (sent.state === 'taken' && !isFresh) noteSent();
    await inTurn(() => settle(out, sent, isFresh));
    if (sent.state === 'taken' && !isFresh) saySent();
    listeners.forEach((act) => act());
    if (sent.state === 'taken') keepToday(out.pair);
  }
  failures = isDone ? 0 : failures + 1;
  if (!isDone) {
    const wait = Math.min(AGAIN_MOST_MS, AGAIN_MS * 2 ** (failures - 1));
    timer = setTimeout(() => void flush(), wait * (0.5 + Math.random() / 2));
  }
  return result;
}

/** Lets the service worker store today's page again: its copy still asks for the answer. */
function keepToday(pair: string): void {
  const message: PageMessage = { act: 'opened', url: `/p/${pair}/today` };
  navigator.serviceWorker?.controller?.postMessage(message);
}

/** Notes that an answer is being sent. Returns false when another text has taken its place, which sends itself. */
async function markTried(out: StoredText): Promise<boolean> {
  let isThere = false;
  await update([out.id], (store, [found]) => {
    isThere = found?.key === out.key;
    if (found && isThere && !found.isTried) store.put({ ...found, isTried: true });
  });
  return isThere;
}

async function send(out: StoredText, isFresh: boolean): Promise<Sent> {
  const { question, version, base, text, key, earlier, person } = out;
  const fields = new URLSearchParams({
    daily_question: question,
    version: String(version),
    body: text,
    key,
    whose: person,
  });
  // With `base` the server refuses a text that waited while another device answered.
  if (!isFresh && base !== null) fields.set('base', String(base));
  if (earlier) fields.set('earlier', earlier);
  try {
    const response = await fetch('/api/submit_answer', {
      method: 'POST',
      body: fields,
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout?.(SEND_MS) ?? null,
    });
    if (response.ok) return TAKEN;
    return isTemporary(response.status) ? QUEUED : refused(errorIn(await response.text()));
  } catch {
    return QUEUED;
  }
}

/** The error in a refusal. A proxy may have answered with something else. */
function errorIn(body: string): ErrorCode {
  try {
    const error: unknown = JSON.parse(body);
    if (typeof error === 'string') return error;
  } catch {
    // The body is no JSON.
  }
  return 'Broken';
}

/**
 * Removes an answer that was taken. One that was refused becomes a draft again if it was just written and can be
 * repaired in its field; else it is put aside.
 */
async function settle(out: StoredText, { error }: Sent, isFresh: boolean): Promise<void> {
  const texts = await findMine();
  // Another text has taken its place meanwhile, and decides.
  if (texts.find(({ id }) => id === out.id)?.key !== out.key) return;
  if (error === undefined) {
    await forget(out, texts, isFresh);
  } else if (isFresh && isMendable(error)) {
    const draft: StoredText = { ...out, id: draftId(out), state: 'draft' };
    knownMarks.set(draft.id, draft.mark);
    await replace(out, draft);
  } else {
    await replace(out, asideOf(out, error));
  }
}

/** Removes an answer that was taken and the copies of its text, and closes the drawer that was open for it. */
async function forget(out: StoredText, texts: StoredText[], isFresh: boolean): Promise<void> {
  await replace(out);
  for (const text of texts) {
    if (text.state === 'aside' && text.question === out.question && text.text === out.text) await replace(text);
  }
  const form = formFor(out.question);
  if (!isFresh && form?.querySelector('textarea')?.value === out.text) form.closest('details')?.removeAttribute('open');
  const id = draftId(out);
  const later = unsaved.get(id) ?? texts.find((text) => text.id === id);
  if (later?.text === out.text) await replace(later);
  // Only the server knows how many of the earlier sendings it took.
  else if (later) await rebase(id, later, out.earlier || out.base === null ? null : out.base + 1);
}

/** A text typed meanwhile is an edit of the answer that was taken. */
async function rebase(id: string, later: StoredText, base: number | null): Promise<void> {
  const text = { ...later, base };
  if (unsaved.get(id) === later) unsaved.set(id, text);
  await put(text);
}

/** Sends what waits, now and whenever the network may be there again. */
export function start(isMendableInItsField: (error: ErrorCode) => boolean): void {
  isMendable = isMendableInItsField;
  void flush();
  addEventListener('online', () => void flush());
  addEventListener('pageshow', ({ persisted }) => void (persisted && flush()));
  document.addEventListener('visibilitychange', () => void (document.visibilityState === 'visible' && flush()));
}
