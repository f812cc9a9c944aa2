// Loads a page that only the server renders again, when an event changed what it shows. It waits while the person is
// typing or is on the way to another page, because a reload would interrupt both.
const FIELD = 'textarea, select, input:not([type=checkbox], [type=radio])';
const GOING = 'going';
let isDirty = false;
let isLeaving = false;
let isWanted = false;
let isAsking = false;

/** Loads this page again as soon as that interrupts nothing. */
export function askAgain(): void {
  isWanted = true;
  if (isDirty || isLeaving || isAsking || document.activeElement?.matches(FIELD)) return;
  isAsking = true;
  location.reload();
}

const askIfWanted = () => isWanted && askAgain();

/** A link or a form leads to another page. The event of a form that was just sent must not cut it off. */
function leave({ type, target, defaultPrevented }: Event): void {
  const way = target instanceof Element ? target.closest<HTMLElement>(type === 'submit' ? 'form' : 'a[href]') : null;
  if (!way || defaultPrevented || way.getAttribute('href')?.startsWith('#')) return;
  isLeaving = true;
  // This page may be loaded before the page that the link leads to. It then follows the link itself.
  if (isAsking && way instanceof HTMLAnchorElement) sessionStorage.setItem(GOING, way.href);
}

/** The person is back on this page, so nothing leads away any more. */
function comeBack(): void {
  isLeaving = isAsking = false;
  askIfWanted();
}

export function startRenewal(): void {
  // A text that another app shared is stored nowhere else.
  isDirty = document.querySelector('textarea[data-shared]') !== null;
  addEventListener('input', () => void (isDirty = true));
  addEventListener('focusout', () => setTimeout(askIfWanted));
  for (const kind of ['submit', 'click']) document.addEventListener(kind, leave);
  for (const kind of ['focus', 'pageshow']) addEventListener(kind, comeBack);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) comeBack();
  });
  const going = sessionStorage.getItem(GOING);
  sessionStorage.removeItem(GOING);
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  if (going && navigation?.type === 'reload') location.assign(going);
}
