// Answers on their way: what meets no network waits on this device and goes by itself, once.
import type { PageMessage } from '../worker/messages.ts';
import { draw, noteWent, sayWent } from './aside.ts';
import {
  asideOf,
  dirty,
  edit,
  idOf,
  inTurn,
  isAway,
  me,
  mine,
  move,
  put,
  type StoredText,
  textOf,
  type Texts,
} from './store.ts';

const AGAIN_MS = 5_000; // doubled up to a minute while a page is open
const AGAIN_MOST_MS = 60_000;
const SEND_MS = 20_000;
// These may go better another time; what the server says with any other status stays so.
const isLater = (status: number) => status === 401 || status === 408 || status === 429 || status >= 500;

let failures = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

export const known = new Map<string, number>(); // the marks of the drafts that this tab read or wrote, by id

/** What this tab has neither read nor written is another tab's, or older than this page: it is put where it is seen. */
export function spare(store: Texts, there: StoredText | undefined, draft: StoredText): void {
  const isOurs =
    !there || !there.text.trim() || there.mark === known.get(there.id) || draft.text.startsWith(there.text);
  known.set(draft.id, draft.mark);
  if (!isOurs) putAside(store, there, 'Elsewhere');
}

/** Within a transaction of its own turn; shown when that is over. */
export function putAside(store: Texts, text: StoredText, reason: string): void {
  store.put(asideOf(text, reason));
  void inTurn(() => {}).then(draw);
}

/** Sends an answer: '' taken, 'waiting' on this device, else why not, as JSON. */
export const submit_text = (...answer: Parameters<typeof submit>) => submit(...answer).catch(() => '"Broken"');

async function submit(pair: string, question: string, version: number, base: number, text: string): Promise<string> {
  const id = idOf(question, version);
  let out = textOf({
    id: `${id}:out`,
    pair,
    question,
    version,
    base,
    text,
    state: 'out',
    key: crypto.randomUUID(),
    earlier: '',
  });
  const draft = textOf({ ...out, id, state: 'draft' });
  dirty.delete(id);
  const { isKept } = await inTurn(() =>
    edit([id, out.id], (store, [there, before]) => {
      spare(store, there, draft);
      store.delete(id);
      // Other words for what may have arrived without our knowing: the server counts that one as seen.
      if (before?.isTried) out = { ...out, earlier: [before.earlier, before.key].filter(Boolean).join() };
      store.put(out);
    }),
  );
  // An installed app's store is not cleared when room is short; in a tab some browsers would ask.
  if (matchMedia('(display-mode: standalone)').matches) void navigator.storage?.persist?.();
  const outcome = (await flush(out)) ?? '';
  if (isKept || outcome !== 'waiting') return outcome;
  // It lies nowhere but in its field, and there it stays.
  dirty.set(id, draft);
  await inTurn(() => move(out));
  return '"Network"';
}

/** Sends what waits; `fresh` was written this moment. Its outcome, unless another tab was faster. */
export async function flush(fresh?: StoredText): Promise<string | undefined> {
  if (!me) return undefined;
  clearTimeout(timer);
  const send = () => sendAll(fresh);
  // One tab at a time; the server knows a key it has seen, so two would do no harm, and one that sleeps holds nobody up.
  const signal = AbortSignal.timeout?.(SEND_MS);
  const locked = navigator.locks?.request(`texts:${me}`, signal ? { signal } : {}, send);
  const outcome = await (locked?.catch((error: unknown) => (signal?.aborted ? send() : Promise.reject(error))) ??
    send());
  await draw();
  return outcome;
}

async function sendAll(fresh: StoredText | undefined): Promise<string | undefined> {
  let outcome: string | undefined;
  const texts = await inTurn(mine);
  let isDone = !isAway();
  for (const out of texts) {
    if (out.state !== 'out') continue;
    const isFresh = out.key === fresh?.key;
    if (!(await inTurn(() => markTried(out)))) continue;
    const answer = await send(out, isFresh);
    if (!answer && !isFresh) noteWent();
    if (answer === 'waiting') isDone = false;
    else await inTurn(() => settle(out, answer, isFresh));
    if (isFresh) outcome = answer;
    if (answer !== 'waiting') dispatchEvent(new CustomEvent('umbba:sent'));
    if (!answer) {
      if (!isFresh) sayWent();
      // The kept copy of today's page would still ask for it.
      const opened: PageMessage = { act: 'opened', url: `/p/${out.pair}/today` };
      navigator.serviceWorker?.controller?.postMessage(opened);
    }
  }
  failures = isDone ? 0 : failures + 1;
  if (!isDone)
    timer = setTimeout(
      () => void flush(),
      Math.min(AGAIN_MOST_MS, AGAIN_MS * 2 ** (failures - 1)) * (0.5 + Math.random() / 2),
    );
  return outcome;
}

/** False when other words took its place while something else was sent: those go by themselves. */
async function markTried(out: StoredText): Promise<boolean> {
  let isThere = false;
  await edit([out.id], (store, [there]) => {
    isThere = there?.key === out.key;
    if (there && isThere && !there.isTried) store.put({ ...there, isTried: true });
  });
  return isThere;
}

async function send(
  { question, version, base, text, key, earlier, person }: StoredText,
  isFresh: boolean,
): Promise<string> {
  const fields = new URLSearchParams({
    daily_question: question,
    version: String(version),
    body: text,
    key,
    whose: person,
  });
  // What waited was written before whatever another device may have answered meanwhile: never over it.
  if (!isFresh && base !== null) fields.set('base', String(base));
  if (earlier) fields.set('earlier', earlier);
  try {
    const signal = AbortSignal.timeout?.(SEND_MS) ?? null;
    const response = await fetch('/api/submit_answer', {
      method: 'POST',
      body: fields,
      headers: { accept: 'application/json' },
      signal,
    });
    if (response.ok) return '';
    return isLater(response.status) ? 'waiting' : (await response.text()) || '"Broken"';
  } catch {
    return 'waiting';
  }
}

/** Taken: it is gone from here. Refused: what was just written goes back to its field if it can be mended there. */
async function settle(out: StoredText, answer: string, isFresh: boolean): Promise<void> {
  const texts = await mine();
  // Sent once more with other words meanwhile: those decide.
  if (texts.find(({ id }) => id === out.id)?.key !== out.key) return;
  if (!answer) {
    await move(out);
    const id = idOf(out.question, out.version);
    // Said and done: no copy of it is put aside any more, and no drawer stands open for it.
    for (const text of texts)
      if (text.state === 'aside' && text.question === out.question && text.text === out.text) await move(text);
    const form = document.querySelector(`[data-answer="${out.question}"]`);
    if (!isFresh && form?.querySelector('textarea')?.value === out.text)
      form.closest('details')?.removeAttribute('open');
    const later = dirty.get(id) ?? texts.find((text) => text.id === id);
    if (later?.text === out.text) await move(later);
    // How many of the earlier sendings were taken, only the server knows.
    else if (later) await rebase(id, later, out.earlier || out.base === null ? null : out.base + 1);
  } else if (isFresh && /Answer(Empty|TooLong|Forbidden)|TooLarge|Malformed/.test(answer)) {
    const draft: StoredText = { ...out, id: idOf(out.question, out.version), state: 'draft' };
    known.set(draft.id, draft.mark);
    await move(out, draft);
  } else {
    await move(out, asideOf(out, answer.replaceAll('"', '')));
  }
}

/** What was typed meanwhile follows the answer that was taken: it is an edit of it. */
async function rebase(id: string, later: StoredText, base: number | null): Promise<void> {
  const text = { ...later, base };
  if (dirty.get(id) === later) dirty.set(id, text);
  await put(text);
}

export function start(): void {
  void flush();
  addEventListener('online', () => void flush());
  addEventListener('pageshow', ({ persisted }) => void (persisted && flush()));
  document.addEventListener('visibilitychange', () => void (document.visibilityState === 'visible' && flush()));
}
