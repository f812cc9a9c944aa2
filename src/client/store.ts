// The texts on this device (IndexedDB): drafts as they are typed (`draft`), answers that wait for the network (`out`), and
// what cannot become an answer any more, with the reason (`aside`). The store is used as it is: what a library would hide
// is a reopening and a promise around each request. Where it fails, texts live as long as the page, and nobody is told
// otherwise; when it is there again they go into it.
const OPEN_MS = 2_000; // a store that takes longer to open holds nobody up meanwhile
const BROKEN_MS = 10_000; // one that fails is not asked for each letter
const LATE = 'late';

/** A text as it lies in the store. Texts of earlier releases lack what came later. */
export interface StoredText {
  readonly id: string;
  readonly person: string;
  readonly pair: string;
  readonly question: string;
  readonly version: number;
  /** Revisions of my own answer that its writer has seen; `null` where only the server knows. */
  readonly base: number | null;
  readonly text: string;
  readonly state: 'draft' | 'out' | 'aside';
  /** Epoch ms. */
  readonly at: number;
  /** This very writing of it, and no other. */
  readonly mark: number;
  /** Of an `out`: the key of this sending, and those of sendings before it that may have arrived. */
  readonly key: string;
  readonly earlier: string;
  readonly isTried: boolean;
  /** Of an `aside`: why it cannot become an answer. */
  readonly reason: string;
}

export const me = document.documentElement.dataset['person']; // whose browser this is
let opened: Promise<IDBDatabase> | undefined;
let brokenAt = -BROKEN_MS;
let turn: Promise<unknown> = Promise.resolve(); // one thing after the other, so that what is typed last lies there last
const memory = new Map<string, StoredText | null>(); // what the store could not take: by id, `null` for what was forgotten
export const dirty = new Map<string, StoredText>(); // typed, and not on the device yet

export function inTurn<T>(work: () => T | Promise<T>): Promise<T> {
  const done = turn.then(work, work);
  turn = done;
  return done;
}

export const atRest = () => turn;

function database(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open('umbba', 1);
    asked.onupgradeneeded = () => void asked.result.createObjectStore('texts', { keyPath: 'id' });
    asked.onsuccess = () => {
      brokenAt = -BROKEN_MS; // late, as after a browser that was killed, but here
      resolve(asked.result);
    };
    asked.onerror = () => reject(asked.error);
  });
  return Promise.race([opened, new Promise<never>((_, reject) => setTimeout(reject, OPEN_MS, LATE))]);
}

/** Nothing of the store is known just now: what it holds is looked for again. */
export const isAway = () => performance.now() - brokenAt < BROKEN_MS;

/** What is asked of the store, of the database's or of the one in memory. */
interface Asked<T> {
  readonly result: T;
  /** Missing in memory, where the result is there at once. */
  readonly readyState?: IDBRequestReadyState;
  onsuccess?: ((event: Event) => void) | null;
}

export interface Texts {
  getAll(): Asked<StoredText[]>;
  get(id: string): Asked<StoredText | undefined>;
  put(text: StoredText): unknown;
  delete(id: string): unknown;
}

const inMemory: Texts = {
  getAll: () => ({ result: [...memory.values()].filter((text) => text !== null) }),
  get: (id) => ({ result: memory.get(id) ?? undefined }),
  put: (text) => memory.set(text.id, text),
  delete: (id) => memory.set(id, null),
};

/** One transaction; `isKept` when it is on the device. iOS closes databases of pages that slept: it is opened once more. */
export async function act<T>(
  mode: IDBTransactionMode,
  work: (texts: Texts) => Asked<T> | void,
): Promise<{ found: T | undefined; isKept: boolean }> {
  for (let tries = 0; tries < 2 && !isAway(); tries += 1) {
    try {
      const tx = (await database()).transaction('texts', memory.size ? 'readwrite' : mode, { durability: 'strict' });
      const store = tx.objectStore('texts') as Texts;
      const late = [...memory];
      for (const [id, text] of late) text ? store.put(text) : store.delete(id);
      const request = work(store);
      await new Promise<void>((resolve, reject) => {
        tx.oncomplete = () => resolve();
        tx.onabort = () => reject(tx.error);
      });
      for (const [id, text] of late) if (memory.get(id) === text) memory.delete(id);
      return { found: request?.result, isKept: true };
    } catch (error) {
      // Late is not broken: the same opening is waited for.
      if (error !== LATE) opened = undefined;
      if (tries || error === LATE) brokenAt = performance.now();
    }
  }
  return { found: work(inMemory)?.result, isKept: false };
}

/** Changes what stands under these ids by what it is, in one transaction: `change(store, texts)`. */
export function edit(
  ids: readonly string[],
  change: (store: Texts, there: (StoredText | undefined)[]) => void,
): Promise<{ isKept: boolean }> {
  return act('readwrite', (store) => {
    const asked = ids.map((id) => store.get(id));
    const go = () =>
      change(
        store,
        asked.map(({ result }) => result),
      );
    const last = asked.at(-1);
    if (last?.readyState) last.onsuccess = go;
    else go();
  });
}

/** All texts of whoever is here, the oldest first. */
export async function mine(): Promise<StoredText[]> {
  const { found } = await act('readonly', (store) => store.getAll());
  return (found ?? []).filter(({ person }) => person === me).sort((a, b) => a.at - b.at);
}

export const idOf = (question: string, version: number) => `${me}:${question}:${version}`;

const NOTHING = {
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
  ...NOTHING,
  ...fields,
  person: me ?? '',
  at: Date.now(),
  mark: Math.random(),
});

export const asideOf = (text: StoredText, reason: string): StoredText => ({
  ...text,
  id: `aside:${crypto.randomUUID()}`,
  state: 'aside',
  reason,
});

export function put(...texts: StoredText[]): Promise<{ isKept: boolean }> {
  return act('readwrite', (store) => texts.forEach((text) => store.put(text)));
}

export function move(from: StoredText, to?: StoredText): Promise<{ isKept: boolean }> {
  return act('readwrite', (store) => {
    store.delete(from.id);
    if (to) store.put(to);
  });
}

/** An open store would hold up its clearing. */
export async function close(): Promise<void> {
  const late = new Promise<undefined>((settle) => setTimeout(settle, OPEN_MS));
  (await Promise.race([opened?.catch(() => undefined), late]))?.close();
  opened = undefined;
}
