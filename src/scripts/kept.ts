// `/kept.js`: loads a page anew once the server answers again, unless the person is writing on it. It runs in the copy
// of a page that the service worker shows, and in the offline page, which is shown for a page without a copy. When a
// text that was written on a copy reaches the server, `src/client/drafts.ts` loads the page anew.
const EVERY_MS = 20_000;
const ONLINE_MS = [0, 2_000, 6_000];
const LIMIT_MS = 3_000;
let isWriting = false;

async function reloadIfServed(): Promise<void> {
  if (isWriting || document.visibilityState !== 'visible') return;
  // `?.`: a browser without AbortSignal.timeout() asks without a limit.
  const signal = AbortSignal.timeout?.(LIMIT_MS);
  const answer = await fetch('/livez', { cache: 'no-store', signal }).catch(() => undefined);
  if (answer?.ok && !isWriting) location.reload();
}

addEventListener('input', () => (isWriting = true));
// A link to the page itself would drop the fragment of its address; a reload keeps it. The link to a newer build first
// asks whether every text is saved (`src/components/tab_notices.rs`).
document.addEventListener('click', (event) => {
  if (!(event.target instanceof Element) || !event.target.closest('a[href=""]:not([data-notice=build] a)')) return;
  event.preventDefault();
  location.reload();
});
// A network that was just joined often cannot be used for a moment.
addEventListener('online', () => ONLINE_MS.forEach((wait) => setTimeout(reloadIfServed, wait)));
document.addEventListener('visibilitychange', reloadIfServed);
setInterval(reloadIfServed, EVERY_MS);
