// Keeps the focus when an event changes the page. A field that has the focus does not move in the window. When the
// element with the focus is removed or hidden, the focus goes to the heading of what is there now, and not to the body.
const FIELD = 'textarea, input, select';
let last: HTMLElement | SVGElement | undefined; // the element that had the focus last
let top = 0; // its position in the document, so that scrolling does not count as a move

const placeOf = (element: Element) => element.getBoundingClientRect().top + scrollY;

document.addEventListener('focusin', ({ target }) => {
  if (!(target instanceof HTMLElement || target instanceof SVGElement)) return;
  last = target;
  top = placeOf(target);
});
// A person who touches another element does not need the old one any more.
document.addEventListener('pointerdown', ({ target }) => {
  if (!(target instanceof Node && last?.contains(target))) last = undefined;
});

const isShown = (element: Element) =>
  element.isConnected && element.getClientRects().length && !element.closest('details:not([open]) > :not(summary)');

/** The element that takes the focus of one that is gone. */
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

/** Holds the element with the focus in its place, or moves the focus on. */
function keep(): void {
  if (!last) return;
  if (isShown(last)) return hold();
  const gone = last;
  last = undefined;
  if (document.activeElement !== document.body && document.activeElement !== gone) return;
  const heading = headingFor(gone);
  if (!heading) return;
  if (heading.tabIndex < 0) heading.tabIndex = -1;
  // The page does not scroll for an element that was only hidden.
  heading.focus({ preventScroll: gone.isConnected });
}

/** Scrolls by as much as the field with the focus has moved. */
function hold(): void {
  if (!last?.isConnected || !last.matches(FIELD)) return;
  const moved = placeOf(last) - top;
  top += moved;
  if (!moved) return;
  // A page that is too short to scroll is made longer.
  if (moved > 0) document.body.style.minBlockSize = `${scrollY + moved + innerHeight}px`;
  scrollBy({ top: moved, behavior: 'instant' });
}

new MutationObserver(keep).observe(document, { subtree: true, childList: true, attributeFilter: ['hidden', 'open'] });
// A resize observer runs after the layout and before the browser paints.
new ResizeObserver(hold).observe(document.body);
