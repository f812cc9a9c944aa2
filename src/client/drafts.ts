// What somebody wrote lies on this device until the server has it, and nothing is thrown away but by its writer. Here are
// the drafts of a page's fields; `client/outbox.ts` sends, `client/aside.ts` shows what went wrong, `client/leave.ts` signs out, `client/store.ts` keeps.
import * as aside from './aside.ts';
import './leave.ts';
import './forms.ts';
import * as outbox from './outbox.ts';
import { fieldOf, forgetShared, sharedInto } from './shared.ts';
import type { PageMessage } from '../worker/messages.ts';
import { asideOf, atRest, dirty, edit, idOf, inTurn, mine, move, put, textOf } from './store.ts';

/** What waits here for this wording: [text, whether it is on its way already, whether it is not on the device yet]. */
export async function load_text(
  pair: string,
  question: string,
  version: number,
): Promise<[] | [text: string, isWaiting: boolean, isNew: boolean]> {
  const id = idOf(question, version);
  const texts = await inTurn(mine);
  const draft = texts.find((text) => text.id === id);
  const waiting = texts.find((text) => text.id === `${id}:out`);
  const form = document.querySelector(`[data-answer="${question}"]`);
  const field = form?.querySelector('textarea');
  // Another app's text is for the first field, after what stands there already.
  const shared = field && form === fieldOf() && sharedInto(pair);
  if (!shared && !draft && !waiting) return [];
  // Text in a closed drawer would be out of sight.
  form?.closest('details')?.setAttribute('open', '');
  if (draft) outbox.known.set(id, draft.mark);
  if (shared) return [[draft?.text ?? field.value, shared].filter(Boolean).join('\n\n'), false, true];
  if (draft) return [draft.text, false, false];
  return waiting ? [waiting.text, true, false] : [];
}

/** Keeps a draft, or forgets it when it is empty; true when it is on the device. `base`: revisions of mine seen so far. */
export function save_text(
  pair: string,
  question: string,
  version: number,
  base: number,
  text: string,
): Promise<boolean> {
  const id = idOf(question, version);
  dirty.set(id, textOf({ id, pair, question, version, base, text, state: 'draft' }));
  return inTurn(async () => {
    const draft = dirty.get(id);
    if (!draft) return true; // a later turn of the keys is there already
    const { isKept } = await edit([id], (store, [there]) => {
      outbox.spare(store, there, draft);
      const shared = sharedInto(pair);
      // Somebody typed before it could be put there.
      if (shared && !draft.text.includes(shared)) outbox.putAside(store, textOf({ pair, text: shared }), 'Shared');
      if (draft.text) store.put(draft);
      else store.delete(id);
    });
    if (isKept && sharedInto(pair)) forgetShared();
    if (isKept && dirty.get(id) === draft) dirty.delete(id);
    return isKept;
  });
}

/**
 * What may still be answered of a pair (`id:version:base`, by commas). A draft for anything else is put aside and says
 * why: the card opened, the question was swapped, another device answered, the pair was closed. What I said already, my
 * `own` answer to the question `answered`, is no draft any more.
 */
export async function settle_texts(
  pair: string,
  isClosed: boolean,
  answerable: string,
  answered?: string,
  own?: string,
): Promise<void> {
  // A kept copy, which has no number of the feed, knows an earlier day: it decides nothing.
  if (!document.documentElement.dataset['asOf']) return aside.draw();
  const open = new Map(
    answerable
      .split(',')
      .filter(Boolean)
      .map((text) => text.split(':'))
      .map(([id = '', ...rest]) => [id, rest.map(Number)] as const),
  );
  // Brought from another app, and nothing here to answer.
  const shared = !fieldOf() && sharedInto(pair);
  await inTurn(async () => {
    if (shared && (await put(asideOf(textOf({ pair, text: shared }), 'Shared'))).isKept) forgetShared();
    const texts = await mine();
    for (const draft of texts) {
      // What is on its way decides first: it may be what was answered "elsewhere".
      if (draft.state !== 'draft' || draft.pair !== pair || texts.some(({ id }) => id === `${draft.id}:out`)) continue;
      const [version, base] = open.get(draft.question) ?? [];
      const reason =
        version === undefined
          ? isClosed
            ? 'PairClosed'
            : 'AlreadyOpen'
          : version !== draft.version
            ? 'Swapped'
            : draft.base !== null && base !== draft.base
              ? 'AnsweredElsewhere'
              : '';
      if (reason)
        await move(
          draft,
          own !== undefined && draft.question === answered && isSame(draft.text, own)
            ? undefined
            : asideOf(draft, reason),
        );
    }
  });
  await aside.draw();
}

// As the server stores an answer (`mended` in domain/legible.rs, then NFC).
const LINE_ENDS = /\r\n?|[\v\f\u0085\u2028\u2029]/g;
const NO_WORDS = /[\0-\x08\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202c\u2066-\u2069\ufffe\uffff]/g;
const stored = (text: string) => text.replace(LINE_ENDS, '\n').replace(NO_WORDS, '').normalize('NFC').trim();
const isSame = (...texts: string[]) => new Set(texts.map(stored)).size === 1;

/** Whether everything that was typed lies on this device, when what is being written is written. */
export async function are_texts_kept(): Promise<boolean> {
  if (dirty.size) await atRest();
  return !dirty.size;
}

const opened = (url: string): PageMessage => ({ act: 'opened', url });

/** On every page of somebody signed in. */
export function start_texts(): void {
  aside.start();
  const worker = navigator.serviceWorker;
  // A page that came past its worker tells it, to be kept as well. (It may have been claimed since.)
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  if (worker && !navigation?.workerStart) {
    void worker.ready.then(({ active }) => active?.postMessage(opened(location.href)));
  }
  outbox.start();
}
