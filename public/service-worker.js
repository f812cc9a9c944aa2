// What the browser does for us while no page is open or no network is there: shows pushes, keeps the subscription alive
// (`worker/push.js`) and keeps pages to be read without a network (`worker/keep.js`). Here is what it answers to.
importScripts('/worker/keep.js', '/worker/push.js');

// The "you are offline" page, and what kept copies need beside the files of their build.
const OFFLINE = 'offline-2';
const OFFLINE_FILES = ['/offline.html', '/offline.css', '/kept.js', '/favicon.svg', '/fonts/question.woff2'];
// After these it may be somebody else who is here, or every page looks different.
const OTHERWISE = /^\/api\/(sign_in|sign_up|sign_out|join|enter_hand_over|take_hand_over|change_display)$/;

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(OFFLINE).then((cache) => cache.addAll(OFFLINE_FILES)).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(drop('offline', OFFLINE).then(() => self.clients.claim()));
});

// Nothing of `/api` and `/events` is answered here; of pages only those are kept that the server marks.
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return;
  if (request.method === 'POST') {
    if (request.mode === 'navigate') {
      if (pathname === '/share') event.respondWith(shared(request));
      // An answer that a page without its script posts is left to the browser, which offers to send it again.
      else if (isOurs(request) && pathname !== '/api/submit_answer') event.respondWith(posted(request, OTHERWISE.test(pathname)));
    }
    // Today's page draws itself anew without being loaded: its copy would still ask for an answer that was given.
    if (pathname === '/api/today') event.waitUntil(renew(event.clientId).catch(() => {}));
  } else if (request.method === 'GET') {
    if (request.mode === 'navigate') event.respondWith(page(event));
    else if (pathname.startsWith('/pkg/')) event.respondWith(found(request).then((file) => file ?? fetch(request)));
    else if (OFFLINE_FILES.includes(pathname)) event.respondWith(offlineFile(event));
  }
});

/** From one of our own pages: another site's post goes its way as a browser sends it. */
const isOurs = ({ referrer }) => referrer.startsWith(`${self.location.origin}/`);

/** A form that meets no network leads back to its page, as it is kept, instead of to the browser's own words. */
async function posted(request, isOtherwise) {
  const copy = request.clone();
  const back = async () => {
    // Every form names its page; a referrer may hold the origin alone.
    const named = await copy.formData().then((fields) => fields.get('from'), () => null);
    const { origin, pathname } = new URL(named || request.referrer, request.url);
    return Response.redirect(origin !== self.location.origin || pathname.startsWith('/api/') ? '/' : pathname, 303);
  };
  const answer = await fetch(request).catch(back);
  // Only when it was done; a script that signs out says so itself (`forget`).
  if (isOtherwise && (answer.ok || answer.type === 'opaqueredirect')) await wipe();
  return answer;
}

/** What another app shares goes on behind a `#`: no network sees it, and it outlasts one that is away. */
async function shared(request) {
  return Response.redirect(`/share#${new URLSearchParams(await request.formData())}`, 303);
}

/** At once, and anew for the next time: a network that hangs must not hold up a copy's own files. */
async function offlineFile(event) {
  const { pathname } = new URL(event.request.url);
  event.waitUntil(caches.open(OFFLINE).then((cache) => cache.add(pathname)).catch(() => {}));
  return (await found(pathname)) ?? fetch(event.request);
}

self.addEventListener('message', (event) => {
  // A page that asks for the subscription hears how that ended; one of an earlier release gives nothing to answer by.
  const sync = async () => event.ports[0]?.postMessage(await subscribed());
  const acts = { subscribe: sync, sync, forget, badge: () => setBadge(event.data.unread), opened: () => visit(event.data.url) };
  const act = Object.hasOwn(acts, event.data?.act) ? acts[event.data.act] : undefined;
  if (act) event.waitUntil(act().catch((error) => console.warn(error)));
});

/** Signing out: nothing of this person stays on the device. */
async function forget() {
  await wipe();
  await unsubscribe();
}
