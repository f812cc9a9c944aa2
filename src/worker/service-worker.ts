// The service worker, served as `/service-worker.js`: what the browser does for the app while no page is open or there
// is no network. `kept-pages.ts` keeps pages, `notifications.ts` shows pushes, `subscription.ts` holds the push
// subscription. This file handles requests and the messages of pages.
import { answerNavigation, forgetPages, keepPage } from './kept-pages.ts';
import { type PageMessage, parsePageMessage } from './messages.ts';
import { clearNotifications, setBadge } from './notifications.ts';
import { deleteCaches, lookupStored } from './stored.ts';
import { renewSubscription, unsubscribe } from './subscription.ts';

declare const self: ServiceWorkerGlobalScope;

// The offline page, and the files that copies of pages need beside those of their build.
const OFFLINE = 'offline-2';
const OFFLINE_FILES = ['/offline.html', '/offline.css', '/kept.js', '/favicon.svg', '/fonts/question.woff2'];
// After these another person may be signed in, or every page looks different (its language, the size of its text).
const CHANGES_PAGES = /^\/api\/(sign_in|sign_up|sign_out|join|enter_hand_over|take_hand_over|change_display)$/;

// ---- installing

self.addEventListener('install', (event) => {
  const stored = caches.open(OFFLINE).then((cache) => cache.addAll(OFFLINE_FILES));
  event.waitUntil(stored.then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(deleteCaches('offline', OFFLINE).then(() => self.clients.claim()));
});

// ---- requests

// A GET of `/api` or `/events` always goes to the network: the worker stores no answer of theirs.
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return;
  if (request.method === 'POST') {
    if (request.mode === 'navigate') {
      if (pathname === '/share') event.respondWith(redirectShare(request));
      // An answer posted by a page without its script is left to the browser, which offers to send it again.
      else if (isOurs(request) && pathname !== '/api/submit_answer') event.respondWith(answerForm(request, pathname));
    }
  } else if (request.method === 'GET') {
    if (request.mode === 'navigate') event.respondWith(answerNavigation(event));
    else if (pathname.startsWith('/pkg/')) event.respondWith(storedOrFetched(request));
    else if (OFFLINE_FILES.includes(pathname)) event.respondWith(answerOfflineFile(event, pathname));
  }
});

/** Whether one of our own pages sent it. A post from another site is left to the browser. */
const isOurs = ({ referrer }: Request): boolean => referrer.startsWith(`${self.location.origin}/`);

const storedOrFetched = async (request: Request): Promise<Response> => (await lookupStored(request)) ?? fetch(request);

/** Answers a posted form. Without a network it leads back to the form's page, whose copy can be shown. */
async function answerForm(request: Request, pathname: string): Promise<Response> {
  const copy = request.clone();
  const answer = await fetch(request).catch(() => redirectBack(copy));
  // Only when the server did it. A script that signs out tells the worker itself (`forget`).
  const isDone = answer.ok || answer.type === 'opaqueredirect';
  if (isDone && CHANGES_PAGES.test(pathname)) await forgetPages();
  return answer;
}

/** Leads to the page that a form names in its field `from`. A referrer may be cut down to the origin. */
async function redirectBack(request: Request): Promise<Response> {
  const from = await request.formData().then(
    (fields) => fields.get('from'),
    () => null,
  );
  const { origin, pathname } = new URL(String(from || request.referrer), request.url);
  const isPage = origin === self.location.origin && !pathname.startsWith('/api/');
  return Response.redirect(isPage ? pathname : '/', 303);
}

/**
 * Takes the text that another app shares to `/share#…`. A fragment is never sent, so the text reaches no network, and
 * the page gets it without one too.
 */
async function redirectShare(request: Request): Promise<Response> {
  const fields = [...(await request.formData())].map(([name, value]) => [name, String(value)]);
  return Response.redirect(`/share#${new URLSearchParams(fields)}`, 303);
}

/** Answers from the cache at once, because a copy must not wait for a slow network, and stores the file anew. */
async function answerOfflineFile(event: FetchEvent, pathname: string): Promise<Response> {
  event.waitUntil(
    caches
      .open(OFFLINE)
      .then((cache) => cache.add(pathname))
      .catch(() => {}),
  );
  return (await lookupStored(pathname)) ?? fetch(event.request);
}

// ---- messages of pages

self.addEventListener('message', (event) => {
  const message = parsePageMessage(event.data);
  if (message) event.waitUntil(carryOut(message, event.ports[0]).catch((error) => console.warn(error)));
});

async function carryOut(message: PageMessage, port: MessagePort | undefined): Promise<void> {
  switch (message.act) {
    case 'subscribe':
    case 'sync': {
      const outcome = await renewSubscription();
      // A page of an earlier release brings no port to answer on. Its subscription is renewed all the same.
      port?.postMessage(outcome);
      return;
    }
    case 'forget':
      return forget();
    case 'badge':
      return setBadge(message.unread);
    case 'opened':
      return keepPage(message.url);
  }
}

/** The person signed out: nothing of theirs stays on the device. */
async function forget(): Promise<void> {
  await forgetPages();
  await clearNotifications();
  await unsubscribe();
}
