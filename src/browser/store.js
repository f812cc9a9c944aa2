// The texts on this device (IndexedDB): drafts as they are typed (`draft`), answers that wait for the network (`out`), and
// what cannot become an answer any more, with the reason (`aside`). The store is used as it is: what a library would hide
// is a reopening and a promise around each request. Where it fails, texts live as long as the page, and nobody is told
// otherwise; when it is there again they go into it.
const OPEN_MS = 2_000; // a store that takes longer to open holds nobody up meanwhile
const BROKEN_MS = 10_000; // one that fails is not asked for each letter
const LATE = 'late';

export const me = document.documentElement.dataset.person; // whose browser this is
let opened; // the database, a promise
let brokenAt = -BROKEN_MS;
let turn = Promise.resolve(); // one thing after the other, so that what is typed last lies there last
const memory = new Map(); // what the store could not take: by id, `null` for what was forgotten
export const dirty = new Map(); // typed, and not on the device yet

export const inTurn = (work) => (turn = turn.then(work, work));
export const atRest = () => turn;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open('umbba', 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore('texts', { keyPath: 'id' });
    asked.onsuccess = () => {
      brokenAt = -BROKEN_MS; // late, as after a browser that was killed, but here
      resolve(asked.result);
    };
    asked.onerror = () => reject(asked.error);
  });
  return Promise.race([opened, new Promise((_, reject) => setTimeout(reject, OPEN_MS, LATE))]);
}

/** Nothing of the store is known just now: what it holds is looked for again. */
export const isAway = () => performance.now() - brokenAt < BROKEN_MS;

const inMemory = {
  getAll: () => ({ result: [...memory.values()].filter(Boolean) }),
  get: (id) => ({ result: memory.get(id) }),
  put: (text) => memory.set(text.id, text),
  delete: (id) => memory.set(id, null),
};

/** One transaction; `isKept` when it is on the device. iOS closes databases of pages that slept: it is opened once more. */
export async function act(mode, work) {
  for (let tries = 0; tries < 2 && !isAway(); tries += 1) {
    try {
      const tx = (await database()).transaction('texts', memory.size ? 'readwrite' : mode, { durability: 'strict' });
      const store = tx.objectStore('texts');
      const late = [...memory];
      for (const [id, text] of late) text ? store.put(text) : store.delete(id);
      const request = work(store);
      await new Promise((resolve, reject) => {
        tx.oncomplete = resolve;
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
export function edit(ids, change) {
  return act('readwrite', (store) => {
    const asked = ids.map((id) => store.get(id));
    const go = () => change(store, asked.map(({ result }) => result));
    const last = asked.at(-1);
    if (last.readyState) last.onsuccess = go;
    else go();
  });
}

/** All texts of whoever is here, the oldest first. */
export async function mine() {
  const { found } = await act('readonly', (store) => store.getAll());
  return found.filter(({ person }) => person === me).sort((a, b) => a.at - b.at);
}

export const idOf = (question, version) => `${me}:${question}:${version}`;

/** `mark`: this very writing of it, and no other. */
export const textOf = (fields) => ({ ...fields, person: me, at: Date.now(), mark: Math.random() });

export const asideOf = (text, reason) => ({ ...text, id: `aside:${crypto.randomUUID()}`, state: 'aside', reason });

export function put(...texts) {
  return act('readwrite', (store) => texts.forEach((text) => store.put(text)));
}

export function move(from, to) {
  return act('readwrite', (store) => {
    store.delete(from.id);
    if (to) store.put(to);
  });
}

/** An open store would hold up its clearing. */
export async function close() {
  const late = new Promise((settle) => setTimeout(settle, OPEN_MS));
  (await Promise.race([opened?.catch(() => {}), late]))?.close();
  opened = undefined;
}
