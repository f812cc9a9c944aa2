// The moment a card opens. Its today page turns it over. Everywhere else a line says so in the tab that was used last, and
// in no other, until somebody goes there or sends it away. All tabs of a browser know what opened and who was used last
// (localStorage); a page that loads itself anew for the news still says it. `async`, so that a storage that is full or
// forbidden stops nothing else.
const DRAWS_MS = 500;

let key, seenKey, picture;
const isUsedLast = () => sessionStorage.used && sessionStorage.used === localStorage.used;

/** Changes the page: at once, or, as a card opens, when the browser has a picture of how it was. */
export function turn(isOpening, change) {
  if (!isOpening || !document.startViewTransition || matchMedia('(prefers-reduced-motion: reduce)').matches) return change();
  // Two answers about one opening turn it once.
  picture ||= new Promise((taken) => {
    document.startViewTransition(taken);
    setTimeout(taken, DRAWS_MS); // a window that nobody can see draws nothing
  });
  picture.then(change);
  picture.then(() => (picture = 0));
}

/** A card opened: `/p/PAIR/cards/ID`. */
export async function opened(card) {
  // A tab that slept hears late of what was read or sent away elsewhere.
  if (localStorage[seenKey] === card) return;
  if (isThere(card)) localStorage[seenKey] = card;
  else localStorage[key] = card;
  draw();
}

function isThere(card) {
  const [pair] = card.split('/cards/');
  return [card, pair, `${pair}/today`].includes(location.pathname);
}

function forget() {
  localStorage[seenKey] = localStorage[key];
  localStorage.removeItem(key);
  draw();
}

function draw() {
  const place = document.querySelector('[data-opened]');
  if (!place) return;
  const card = isUsedLast() ? localStorage[key] : '';
  if (card && isThere(card)) return forget();
  place.hidden = !card;
  if (card) place.firstElementChild.href = card;
  place.lastElementChild.onclick = forget;
}

function use() {
  // A new number each time: a tab that was duplicated has its twin's.
  sessionStorage.used = localStorage.used = Math.random();
  draw();
}

/** `person`: whose cards these are. */
export async function start(person) {
  key = `opened:${person}`;
  seenKey = `seen:${person}`;
  for (const kind of ['focus', 'pointerdown']) addEventListener(kind, use);
  addEventListener('storage', draw);
  // A tab that was just opened is used; one that loads itself anew in the background is not.
  if (sessionStorage.used || document.hidden) draw();
  else use();
}
