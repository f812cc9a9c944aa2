// What somebody has the focus on stays theirs, whatever the news changes on a page: a field that is typed in does not move
// in the window, and when what had the focus goes, the heading of what stands there now has it, not the top of the page.
const FIELD = 'textarea, input, select';
let last: HTMLElement | SVGElement | undefined; // what had the focus
let top = 0; // where it stands in the document, so that scrolling is no move

const placeOf = (element: Element) => element.getBoundingClientRect().top + scrollY;

document.addEventListener('focusin', ({ target }) => {
  if (!(target instanceof HTMLElement || target instanceof SVGElement)) return;
  last = target;
  top = placeOf(target);
});
// Whoever touches something else lets go of it.
document.addEventListener('pointerdown', ({ target }) => {
  if (!(target instanceof Node && last?.contains(target))) last = undefined;
});

const isShown = (element: Element) =>
  element.isConnected && element.getClientRects().length && !element.closest('details:not([open]) > :not(summary)');

/** Where the focus goes from an element that is gone. */
function headingFor(gone: Element): HTMLElement | null {
  const find = (around: string, heading: string) =>
    gone.closest(around) ? document.querySelector<HTMLElement>(heading) : null;
  const summary = gone.isConnected ? gone.closest('details:not([open])')?.querySelector('summary') : null;
  return (
    summary ||
    find('[data-push]', '[data-push]:not([hidden])') ||
    find('.later', '.later h2') ||
    document.querySelector<HTMLElement>('main h1') ||
    document.querySelector('main')
  );
}

function keep(): void {
  if (!last) return;
  if (isShown(last)) return hold();
  const gone = last;
  last = undefined;
  if (document.activeElement !== document.body && document.activeElement !== gone) return;
  const heading = headingFor(gone);
  if (!heading) return;
  if (heading.tabIndex < 0) heading.tabIndex = -1;
  // What was only put away leaves the page where it is.
  heading.focus({ preventScroll: gone.isConnected });
}

function hold(): void {
  if (!last?.isConnected || !last.matches(FIELD)) return;
  const moved = placeOf(last) - top;
  top += moved;
  if (!moved) return;
  // A page that is too short to scroll gets the room.
  if (moved > 0) document.body.style.minBlockSize = `${scrollY + moved + innerHeight}px`;
  scrollBy({ top: moved, behavior: 'instant' });
}

new MutationObserver(keep).observe(document, { subtree: true, childList: true, attributeFilter: ['hidden', 'open'] });
// It is told of a change of the layout before that is drawn.
new ResizeObserver(hold).observe(document.body);
