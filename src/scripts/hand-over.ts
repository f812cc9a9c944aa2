// `/hand-over.js`: takes the next step of a hand-over without a tap. A device that waits asks whether its person
// decided, and comes in. The button in another app's browser makes the link and opens it in the device's own browser.
// Without this script the same forms do the same with one tap more.
const EVERY_MS = 2_000;
const LEAVING_MS = 1_500; // after this the device's own browser did not open

/** The part of `AskedView` (`src/api/hand_overs.rs`) that is read here. */
interface Asked {
  readonly stage: 'Waiting' | 'Confirmed' | 'Refused' | 'Over';
}

/** Posts to a server function; `undefined` without a network. */
function post(url: string, form?: HTMLFormElement): Promise<Response | undefined> {
  const body = new URLSearchParams();
  if (form) for (const [name, value] of new FormData(form)) body.append(name, String(value));
  return fetch(url, { method: 'POST', body, headers: { accept: 'application/json' } }).catch(() => undefined);
}

/** Loads the page anew when the person decided. */
async function reloadIfDecided(): Promise<void> {
  if (document.visibilityState !== 'visible') return;
  const answer = await post('/api/asked_hand_over');
  if (!answer?.ok) return;
  const asked: Asked = await answer.json();
  if (asked.stage !== 'Waiting') location.reload();
}

if (document.querySelector('[data-waits]')) {
  setInterval(reloadIfDecided, EVERY_MS);
  document.addEventListener('visibilitychange', reloadIfDecided);
}

const entering = document.querySelector<HTMLFormElement>('form[data-enter]');
if (entering) {
  entering.requestSubmit();
  // A tap before the answer would post the form twice.
  const button = entering.querySelector('button');
  if (button) button.disabled = true;
}

const leading = document.querySelector<HTMLFormElement>('form[data-lead-out]');
leading?.addEventListener('submit', async (event) => {
  event.preventDefault();
  const answer = await post(leading.action, leading);
  const page = answer?.headers.get('location');
  if (!answer?.ok || !page) {
    leading.submit();
    return;
  }
  // An `intent:` or a similar address that leaves this app; empty where the app offers no way out.
  const wayOut: string = await answer.json();
  if (wayOut) location.href = wayOut;
  setTimeout(() => location.assign(page), wayOut ? LEAVING_MS : 0);
});
