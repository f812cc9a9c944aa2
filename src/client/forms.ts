// A form that is on its way is not sent a second time. The server would refuse what may be sent once, and the browser
// would show that refusal in place of the first answer.
import './focus.ts';

const ON_ITS_WAY_MS = 10_000;
let sentAt = new WeakMap<EventTarget, number>();

document.addEventListener('submit', (event) => {
  if (event.defaultPrevented || !event.target) return; // A script sends this form.
  const now = performance.now();
  if (now - (sentAt.get(event.target) ?? -ON_ITS_WAY_MS) < ON_ITS_WAY_MS) event.preventDefault();
  else sentAt.set(event.target, now);
});
addEventListener('pageshow', () => (sentAt = new WeakMap()));
