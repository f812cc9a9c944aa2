// The drafts of a page's fields. A text is stored on this device until the server has it, and only its writer discards
// it. `store.ts` stores texts, `send_queue.ts` sends them, `aside.ts` tells the page about them, `leave.ts` signs out.
import { rememberSent, show } from './aside.ts';
import type { Draft, FoundText, Place, Verdict } from './contract.ts';
import * as queue from './send_queue.ts';
import { firstForm, forgetShared, sharedInto } from './shared.ts';
import {
  asideOf,
  draftId,
  findMine,
  inTurn,
  put,
  queuedId,
  replace,
  textOf,
  unsaved,
  update,
  whenIdle,
} from './store.ts';
import type { PageMessage } from '../worker/messages.ts';

/** Whether this page is the server's answer, and not the copy that the service worker stored. */
let isCurrent = false;

/** The text that this device holds for a field, if any. */
export async function loadText(place: Place, field: HTMLTextAreaElement): Promise<FoundText | undefined> {
  const texts = await inTurn(findMine);
  const draft = texts.find(({ id }) => id === draftId(place));
  const queued = texts.find(({ id }) => id === queuedId(place));
  // A text that another app shared goes into the first field, below the text that is there already.
  const shared = field.form === firstForm() && sharedInto(place.pair);
  if (!shared && !draft && !queued) return undefined;
  // The text would not be seen in a closed drawer.
  field.closest('details')?.setAttribute('open', '');
  if (draft) queue.knownMarks.set(draft.id, draft.mark);
  if (shared) {
    return { text: [draft?.text ?? field.value, shared].filter(Boolean).join('\n\n'), isQueued: false, isNew: true };
  }
  if (draft) return { text: draft.text, isQueued: false, isNew: false };
  return queued && { text: queued.text, isQueued: true, isNew: false };
}

/** Stores a draft, or deletes it when it is empty. Returns whether that is in the database. */
export function saveText(place: Place, text: string): Promise<boolean> {
  const id = draftId(place);
  unsaved.set(id, textOf({ ...place, id, text, state: 'draft' }));
  return inTurn(async () => {
    const draft = unsaved.get(id);
    if (!draft) return true; // A later call has stored it already.
    const { isSaved } = await update([id], (store, [found]) => {
      queue.keepForeignText(store, found, draft);
      const shared = sharedInto(place.pair);
      // The person typed before the shared text was put into the field.
      if (shared && !draft.text.includes(shared)) {
        queue.putAside(store, textOf({ pair: place.pair, text: shared }), 'Shared');
      }
      if (draft.text) store.put(draft);
      else store.delete(id);
    });
    if (isSaved && sharedInto(place.pair)) forgetShared();
    if (isSaved && unsaved.get(id) === draft) unsaved.delete(id);
    return isSaved;
  });
}

/**
 * Lets `judge` decide what becomes of each draft of a pair. `isFetched`: the view that it decides by was asked for. The
 * first view of a stored copy is of an earlier time, so it decides nothing.
 */
export async function settleTexts(pair: string, isFetched: boolean, judge: (draft: Draft) => Verdict): Promise<void> {
  if (!isCurrent && !isFetched) return show();
  // Another app shared a text, and this page has no field for it.
  const shared = !firstForm() && sharedInto(pair);
  await inTurn(async () => {
    if (shared && (await put(asideOf(textOf({ pair, text: shared }), 'Shared'))).isSaved) forgetShared();
    const texts = await findMine();
    for (const draft of texts) {
      if (draft.state !== 'draft' || draft.pair !== pair) continue;
      // An answer on its way is settled first: it may be the one that the page shows.
      if (texts.some(({ id }) => id === queuedId(draft))) continue;
      const verdict = judge(draft);
      if (verdict === 'keep') continue;
      await replace(draft, verdict === 'drop' ? undefined : asideOf(draft, verdict));
    }
  });
  await show();
}

/** Waits until what is being written is written. Returns whether every text that was typed is in the database. */
export async function areTextsSaved(): Promise<boolean> {
  if (unsaved.size) await whenIdle();
  return !unsaved.size;
}

/**
 * Starts on every page of a person who is signed in. `isMendable`: whether the writer can repair a text in its field
 * that the server refused with this error.
 */
export function startTexts(isPageCurrent: boolean, isMendable: (error: string) => boolean): void {
  isCurrent = isPageCurrent;
  if (!isCurrent) queue.onSettled(reloadWhenShown);
  rememberSent();
  keepThisPage();
  queue.start(isMendable);
}

/** Loads a stored copy again when a text was settled: the server answers again. */
function reloadWhenShown(): void {
  if (document.visibilityState === 'visible') location.reload();
  else document.addEventListener('visibilitychange', reloadWhenShown, { once: true });
}

/** Tells the service worker to store this page if its load did not pass through the worker. */
function keepThisPage(): void {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  if (navigation?.workerStart) return;
  const message: PageMessage = { act: 'opened', url: location.href };
  // The worker may have taken the page over since, so `controller` says nothing about the load.
  void navigator.serviceWorker?.ready.then(({ active }) => active?.postMessage(message));
}
