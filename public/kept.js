// Stands in the kept copy of a page, and in the page that stands for one that is not kept: asks for the page itself once the
// server answers again, unless somebody writes on it.
const EVERY_MS = 20_000;
const ONLINE_MS = [0, 2_000, 6_000];
const LIMIT_MS = 3_000;
let isWriting = false;

async function look() {
  if (isWriting || document.visibilityState !== 'visible') return;
  const { ok } = await fetch('/livez', { cache: 'no-store', signal: AbortSignal.timeout?.(LIMIT_MS) }).catch(() => ({}));
  if (ok && !isWriting) location.reload();
}

addEventListener('input', () => (isWriting = true));
// What was written here went: nothing holds this copy any more.
addEventListener('umbba:sent', () => {
  isWriting = false;
  look();
});
// As it was asked for, with what stands behind a `#`: a link to here would leave that off.
document.addEventListener('click', (event) => {
  if (!event.target.closest?.('a[href=""]:not([data-unsaved])')) return;
  event.preventDefault();
  location.reload();
});
// A network that was just joined often takes a moment more.
addEventListener('online', () => ONLINE_MS.forEach((wait) => setTimeout(look, wait)));
document.addEventListener('visibilitychange', look);
setInterval(look, EVERY_MS);
