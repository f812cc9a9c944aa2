// When a page that only the server renders asks for itself again. News is worth less than what somebody is doing: a field
// they are in, and the way to another page, which asking for this one would cut off.
const FIELD = 'textarea, select, input:not([type=checkbox], [type=radio])';
let isDirty, isLeaving, isWanted, isAsking;

/** Something was told that this page shows. */
export function ask_again() {
  isWanted = true;
  if (isDirty || isLeaving || isAsking || document.activeElement?.matches(FIELD)) return;
  isAsking = true;
  location.reload();
}

const ask = () => isWanted && ask_again();

/** A link or a form leads away, however long that takes; a form just sent brings its own event back. */
function leave({ type, target, defaultPrevented }) {
  const way = target.closest?.(type === 'submit' ? 'form' : 'a[href]');
  if (!way || defaultPrevented || way.getAttribute('href')?.startsWith('#')) return;
  isLeaving = true;
  // The page that comes back may come first: it goes on where this one was to go.
  if (isAsking && way.href) sessionStorage.going = way.href;
}

/** Whoever comes back to this page is still here. */
function back() {
  isLeaving = isAsking = false;
  ask();
}

export async function start_renewal() {
  // What another app shared stands nowhere else.
  isDirty = document.querySelector('textarea[data-shared]');
  addEventListener('input', () => (isDirty = true));
  addEventListener('focusout', () => setTimeout(ask));
  for (const kind of ['submit', 'click']) document.addEventListener(kind, leave);
  for (const kind of ['focus', 'pageshow']) addEventListener(kind, back);
  document.addEventListener('visibilitychange', () => document.hidden || back());
  const { going } = sessionStorage;
  sessionStorage.removeItem('going');
  if (going && performance.getEntriesByType('navigation')[0]?.type === 'reload') location.assign(going);
}
