// Who is here besides: today's page tells the other that it is looked at or written on, and shows the same of them. What
// is shown goes by itself; what could not be sent is not sent again.
const HERE_MS = 5_000; // half of what a frame lives, so that one may be lost
const GAP_MS = 3_500; // the server lets one through every 3 s
const SHOWN_MS = 10_000;
const OFF_MS = 60_000;

let place, pair, words, fading;
let toldAt = 0;
let wroteAt = 0;
let said = {};

function hide() {
  place.textContent = '';
}

/** The other is `what` (here, writing) in a pair. */
export function show(seen) {
  const text = seen.pair === pair && words?.[seen.what];
  if (!text) return;
  clearTimeout(fading);
  fading = setTimeout(hide, SHOWN_MS);
  // To who listens instead of looking, neither a sentence that stands there nor one that comes and goes is news.
  if (place.textContent === text) return;
  place.ariaLive = said[text] ? 'off' : 'polite';
  said[text] = true;
  place.textContent = text;
}

/** Something was told, of `about` if of a pair: whoever was writing may have answered, whoever was off may be on. */
export function settle(about) {
  said = {};
  if (!words) toldAt = 0;
  else if (about === pair && place.textContent === words.writing) hide();
}

/** The answer is how to say it of the other, or nothing where one of us does not want it said. */
async function tell() {
  const now = Date.now();
  if (document.hidden || !document.hasFocus() || now - toldAt < GAP_MS) return;
  toldAt = now;
  const what = now - wroteAt < HERE_MS ? 'writing' : 'here';
  const body = new URLSearchParams({ pair, what, whose: document.documentElement.dataset.person });
  const answer = await fetch('/api/presence', { method: 'POST', body, signal: AbortSignal.timeout?.(HERE_MS) }).catch(() => {});
  // A network that is away says nothing of what anybody wants.
  if (!answer || answer.status >= 500) return;
  words = answer.ok && (await answer.json());
  if (words) return;
  hide();
  toldAt = now + OFF_MS;
}

export function start() {
  const scene = document.querySelector('.today-scene');
  // A copy without a network has no number of the feed.
  if (!scene || !document.documentElement.dataset.asOf) return;
  scene.insertAdjacentHTML('beforeend', '<p class="presence" role="status"></p>');
  place = scene.lastChild;
  [, , pair] = location.pathname.split('/');
  document.addEventListener('input', ({ target }) => {
    // The answer to the current question alone: edits and the shelf are in drawers, and nobody hears of them.
    if (target.name !== 'body' || target.closest('details')) return;
    wroteAt = Date.now();
    tell();
  });
  addEventListener('focus', tell);
  setInterval(tell, HERE_MS);
  tell();
}
