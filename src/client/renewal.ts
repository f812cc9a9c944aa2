// When a page that only the server renders asks for itself again. News is worth less than what somebody is doing: a field
// they are in, and the way to another page, which asking for this one would cut off.
const FIELD = 'textarea, select, input:not([type=checkbox], [type=radio])';
let isDirty = false;
let isLeaving = false;
let isWanted = false;
let isAsking = false;

/** Something was told that this page shows. */
export function ask_again(): void {
  isWanted = true;
  if (isDirty || isLeaving || isAsking || document.activeElement?.matches(FIELD)) return;
  isAsking = true;
  location.reload();
}

const ask = () => isWanted && ask_again();

/** A link or a form leads away, however long that takes; a form just sent brings its own event back. */
function leave({ type, target, defaultPrevented }: Event): void {
  const way = target instanceof Element ? target.closest<HTMLElement>(type === 'submit' ? 'form' : 'a[href]') : null;
  if (!way || defaultPrevented || way.getAttribute('href')?.startsWith('#')) return;
  isLeaving = true;
  // The page that comes back may come first: it goes on where this one was to go.
  if (isAsking && way instanceof HTMLAnchorElement) sessionStorage.setItem('going', way.href);
}

/** Whoever comes back to this page is still here. */
function back(): void {
  isLeaving = isAsking = false;
  ask();
}

export async function start_renewal(): Promise<void> {
  // What another app shared stands nowhere else.
  isDirty = document.querySelector('textarea[data-shared]') !== null;
  addEventListener('input', () => void (isDirty = true));
  addEventListener('focusout', () => setTimeout(ask));
  for (const kind of ['submit', 'click']) document.addEventListener(kind, leave);
  for (const kind of ['focus', 'pageshow']) addEventListener(kind, back);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) back();
  });
  const going = sessionStorage.getItem('going');
  sessionStorage.removeItem('going');
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  if (going && navigation?.type === 'reload') location.assign(going);
}
