// The texts on this device, in IndexedDB: drafts (`draft`), answers that are not confirmed yet (`out`), and texts that
// cannot become an answer any more (`aside`). No library is used: it would only add a promise around each request, and
// the opening of the database again. Where the database fails, texts are held in memory until the page ends, the page
// does not say that they are saved, and they are written to the database when it works again.
import type { ErrorCode, Place } from './contract.ts';

const OPEN_MS = 2_000; // beyond this, texts are held in memory while the database opens
const FAILED_MS = 10_000; // a database that failed is not tried again before
const LATE = Symbol('the database has not opened yet');

/** Why a text cannot become an answer: an error of the server, or a reason that only this device knows. */
export type Reason =
  | ErrorCode
  /** Another app shared the text, and no field was there to take it. */
  | 'Shared'
  /** Another tab wrote it, or this tab before its script had started. */
  | 'Elsewhere';

/** A text as it is stored. Texts of earlier releases lack the newer fields. */
export interface StoredText {
  readonly id: string;
  readonly person: string;
  readonly pair: string;
  readonly question: string;
  readonly version: number;
  /** How many revisions of their own answer the writer has seen; `null` where only the server knows. */
  readonly base: number | null;
  readonly text: string;
  readonly state: 'draft' | 'out' | 'aside';
  /** Epoch ms. */
  readonly at: number;
  /** A random number that each writing changes: it tells whether another tab has written the text since. */
  readonly mark: number;
  /** Of an `out`: the key of this sending. */
  readonly key: string;
  /** Of an `out`: the keys of the sendings that it replaces and that may have arrived, by commas. */
  readonly earlier: string;
  /** Of an `out`: it was sent at least once. */
  readonly isTried: boolean;
  /** Of an `aside`: why it cannot become an answer. */
  readonly reason: Reason;
}

/** The id of the person for whom the server rendered this page; `undefined` for nobody. */
export const me = document.documentElement.dataset['person'];
/** Texts that were typed and are not stored yet, by id. */
export const unsaved = new Map<string, StoredText>();
/** What the database could not take, by id; `null` for a text that was deleted. */
const memory = new Map<string, StoredText | null>();
let opened: Promise<IDBDatabase> | undefined;
let failedAt = -FAILED_MS;
let lastWork: Promise<unknown> = Promise.resolve();

/** Runs one piece of work after the other, so that the text typed last is the one that is stored. */
export function inTurn<T>(work: () => T | Promise<T>): Promise<T> {
  const done = lastWork.then(work, work);
  lastWork = done;
  return done;
}

/** Settles when the work that is waiting now is done. */
export const whenIdle = () => lastWork;

function database(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('umbba', 1);
    request.onupgradeneeded = () => void request.result.createObjectStore('texts', { keyPath: 'id' });
    request.onsuccess = () => {
      failedAt = -FAILED_MS; // It may open late, for example after the browser was killed.
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
  });
  return Promise.race([opened, new Promise<never>((_, reject) => setTimeout(reject, OPEN_MS, LATE))]);
}

/** Whether the database failed a moment ago, so that nothing is known of what it holds. */
export const isFailing = () => performance.now() - failedAt < FAILED_MS;

/** A request to the database, or its result from memory. */
interface Found<T> {
  readonly result: T;
  /** Missing for a result from memory, which is there at once. */
  readonly readyState?: IDBRequestReadyState;
  onsuccess?: ((event: Event) => void) | null;
}

/** The object store, or the texts in memory. */
export interface Texts {
  getAll(): Found<StoredText[]>;
  get(id: string): Found<StoredText | undefined>;
  put(text: StoredText): unknown;
  delete(id: string): unknown;
}

const inMemory: Texts = {
  getAll: () => ({ result: [...memory.values()].filter((text) => text !== null) }),
  get: (id) => ({ result: memory.get(id) ?? undefined }),
  put: (text) => memory.set(text.id, text),
  delete: (id) => memory.set(id, null),
};

/**
 * Runs one transaction. `isSaved`: it is in the database, not only in memory. iOS closes the databases of pages that
 * slept, so a transaction that fails opens the database again and is tried once more.
 */
export async function transact<T>(
  mode: IDBTransactionMode,
  work: (texts: Texts) => Found<T> | void,
): Promise<{ found: T | undefined; isSaved: boolean }> {
  for (let tries = 0; tries < 2 && !isFailing(); tries += 1) {
    try {
      const tx = (await database()).transaction('texts', memory.size ? 'readwrite' : mode, { durability: 'strict' });
      const store = tx.objectStore('texts') as Texts;
      const held = [...memory];
      for (const [id, text] of held) text ? store.put(text) : store.delete(id);
      const request = work(store);
      await new Promise<void>((resolve, reject) => {
        tx.oncomplete = () => resolve();
        tx.onabort = () => reject(tx.error);
      });
      for (const [id, text] of held) if (memory.get(id) === text) memory.delete(id);
      return { found: request?.result, isSaved: true };
    } catch (error) {
      // A slow open is not a failure: the next transaction waits for the same request.
      if (error !== LATE) opened = undefined;
      if (tries || error === LATE) failedAt = performance.now();
    }
  }
  return { found: work(inMemory)?.result, isSaved: false };
}

/** Reads the texts with these ids and changes them, in one transaction. */
export function update(
  ids: readonly string[],
  change: (store: Texts, found: (StoredText | undefined)[]) => void,
): Promise<{ isSaved: boolean }> {
  return transact('readwrite', (store) => {
    const requests = ids.map((id) => store.get(id));
    const go = () =>
      change(
        store,
        requests.map(({ result }) => result),
      );
    const last = requests.at(-1);
    if (last?.readyState) last.onsuccess = go;
    else go();
  });
}

/** All texts of the person who is signed in, the oldest first. */
export async function findMine(): Promise<StoredText[]> {
  const { found } = await transact('readonly', (store) => store.getAll());
  return (found ?? []).filter(({ person }) => person === me).sort((a, b) => a.at - b.at);
}

/** The id of the draft for a wording. */
export const draftId = ({ question, version }: Pick<Place, 'question' | 'version'>) => `${me}:${question}:${version}`;
/** The id of the answer for a wording that is not confirmed yet. */
export const queuedId = (place: Pick<Place, 'question' | 'version'>) => `${draftId(place)}:out`;

const EMPTY = {
  id: '',
  pair: '',
  question: '',
  version: 0,
  base: null,
  text: '',
  state: 'draft',
  key: '',
  earlier: '',
  isTried: false,
  reason: '',
} as const;

export const textOf = (fields: Partial<StoredText>): StoredText => ({
  ...EMPTY,
  ...fields,
  person: me ?? '',
  at: Date.now(),
  mark: Math.random(),
});

export const asideOf = (text: StoredText, reason: Reason): StoredText => ({
  ...text,
  id: `aside:${crypto.randomUUID()}`,
  state: 'aside',
  reason,
});

export function put(...texts: StoredText[]): Promise<{ isSaved: boolean }> {
  return transact('readwrite', (store) => texts.forEach((text) => store.put(text)));
}

/** Deletes a text, and stores another one in its place if there is one. */
export function replace(old: Pick<StoredText, 'id'>, text?: StoredText): Promise<{ isSaved: boolean }> {
  return transact('readwrite', (store) => {
    store.delete(old.id);
    if (text) store.put(text);
  });
}

/** Closes the database. The browser cannot clear a database that is open. */
export async function close(): Promise<void> {
  const late = new Promise<undefined>((settle) => setTimeout(settle, OPEN_MS));
  (await Promise.race([opened?.catch(() => undefined), late]))?.close();
  opened = undefined;
}
