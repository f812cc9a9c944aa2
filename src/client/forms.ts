// A form that is on its way is not sent again by a second tap: what is good once would be refused the second time, and the
// first answer lost.
import './focus.ts';

const ON_ITS_WAY_MS = 10_000;
let sentAt = new WeakMap<EventTarget, number>();

document.addEventListener('submit', (event) => {
  if (event.defaultPrevented || !event.target) return; // a script sends it
  const now = performance.now();
  if (now - (sentAt.get(event.target) ?? -ON_ITS_WAY_MS) < ON_ITS_WAY_MS) event.preventDefault();
  else sentAt.set(event.target, now);
});
addEventListener('pageshow', () => (sentAt = new WeakMap()));
