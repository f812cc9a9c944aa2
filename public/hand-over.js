// Makes the hand-over's pages go on by themselves. A device that waits asks whether its person decided, and comes in; the
// button out of an app's own browser makes the link and leaves with it. Without this, the same forms take one tap more.
const EVERY_MS = 2_000;
const LEAVING_MS = 1_500; // whoever is still here then did not get out

const post = (url, form) =>
  fetch(url, { method: 'POST', body: new URLSearchParams(new FormData(form)), headers: { accept: 'application/json' } }).catch(() => ({}));

async function look() {
  if (document.visibilityState !== 'visible') return;
  const answer = await post('/api/asked_hand_over');
  if (answer.ok && (await answer.json()).stage !== 'Waiting') location.reload();
}

if (document.querySelector('[data-waits]')) {
  setInterval(look, EVERY_MS);
  document.addEventListener('visibilitychange', look);
}

const entering = document.querySelector('[data-enter]');
if (entering) {
  entering.requestSubmit();
  // A tap meanwhile would post it twice.
  entering.querySelector('button').disabled = true;
}

document.querySelector('[data-lead-out]')?.addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  const answer = await post(form.action, form);
  if (!answer.ok) {
    form.submit();
    return;
  }
  const way = await answer.json();
  const page = answer.headers.get('location');
  if (way) location.href = way;
  setTimeout(() => location.assign(page), way ? LEAVING_MS : 0);
});
