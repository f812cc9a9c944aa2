// Being told: shows what is pushed, leads to its page, and holds the subscription, which must renew without a page.
const GENERAL = { title: '엄빠도 어렸다', body: '새 소식이 있어요' };

const post = (endpoint, fields) =>
  fetch(`/api/${endpoint}`, { method: 'POST', body: new URLSearchParams(fields), headers: { accept: 'application/json' }, credentials: 'same-origin' });

// ---- telling

self.addEventListener('push', (event) => event.waitUntil(show(event.data)));

// Never ends without a notification, whatever came: browsers take the subscription away from those who keep silent.
async function show(data) {
  let told;
  try {
    told = data.json();
  } catch {
    // Broken or empty: something happened all the same.
  }
  const { notification, app_badge: unread, id, subscription, receipt, sent_at: timestamp } = Object(told);
  const { title, body, lang, tag, navigate } = Object(notification);
  const text = (value) => (typeof value === 'string' && value ? value : undefined);
  await self.registration.showNotification(text(title) ?? GENERAL.title, {
    body: text(title) ? text(body) : GENERAL.body,
    lang: text(lang) ?? 'ko',
    // A repeat of the same is put in the place of the first, without a sound.
    tag: text(tag) ?? '',
    renotify: false,
    icon: '/icons/icon-192.png',
    timestamp: Number.isFinite(timestamp) ? timestamp : Date.now(),
    data: { path: pathOf(text(navigate)), id, subscription, receipt },
  });
  await Promise.allSettled([setBadge(unread), report('shown', { id, subscription, receipt })]);
}

/** A path of ours, whatever a payload says. */
function pathOf(url) {
  try {
    const { origin, pathname, search } = new URL(url ?? '/', self.location.origin);
    if (origin === self.location.origin) return pathname + search;
  } catch {
    // No address at all.
  }
  return '/';
}

/** The icon's count is absolute: the server's, not ours plus one. */
async function setBadge(unread) {
  if (!self.navigator.setAppBadge || !Number.isInteger(unread)) return;
  await (unread > 0 ? self.navigator.setAppBadge(unread) : self.navigator.clearAppBadge());
}

async function report(what, { id, subscription, receipt }) {
  if (id && subscription && receipt) await post('receipt', { notification: id, subscription, receipt, what });
}

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const told = Object(event.notification.data);
  event.waitUntil(Promise.allSettled([open(pathOf(told.path)), report('opened', told)]));
});

// Focus first: navigating spends the click's permission to focus, and focusing may be refused.
async function open(path) {
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const window = windows.find(({ url }) => pathOf(url) === path) ?? windows[0];
  if (!window) return self.clients.openWindow(path);
  const focused = await window.focus().catch(() => window);
  if (pathOf(focused.url) !== path) await focused.navigate(path).catch(() => self.clients.openWindow(path));
}

// ---- the subscription

self.addEventListener('pushsubscriptionchange', (event) => event.waitUntil(subscribed()));

/** How it ended is what the page may say: `on`; `failed` where browser or server refuse; `away` where the network did. */
async function subscribed() {
  try {
    return await subscribe();
  } catch (error) {
    console.warn(error);
    // A fetch that meets no network is a TypeError; a subscription that a browser refuses is a DOMException.
    return error instanceof DOMException ? 'failed' : 'away';
  }
}

// Also at every start: a subscription may be lost, or made with a key that is no longer ours (its options cannot change).
async function subscribe(again = true) {
  if (self.Notification?.permission !== 'granted') return 'failed';
  const asked = await post('push_key', {});
  if (!asked.ok) return 'away';
  const key = await asked.json();
  const { pushManager } = self.registration;
  if (!pushManager) return 'failed';
  let subscription = await pushManager.getSubscription();
  if (subscription && keyOf(subscription) !== key) {
    await subscription.unsubscribe();
    subscription = null;
  }
  subscription ??= await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { endpoint, keys } = subscription.toJSON();
  const { status } = await post('subscribe', { endpoint, p256dh: keys.p256dh, auth: keys.auth, key });
  if (status < 300) return 'on';
  if (status === 401 || status === 429 || status >= 500) return 'away';
  // Refused: not one of ours to keep. Somebody else's, with other keys: a fresh one of our own.
  await subscription.unsubscribe();
  return status === 409 && again === true ? subscribe(false) : 'failed';
}

function keyOf({ options }) {
  const bytes = new Uint8Array(options.applicationServerKey ?? []);
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Nobody is here any more: what is shown goes, and nothing new comes. */
async function unsubscribe() {
  const shown = await self.registration.getNotifications();
  shown.forEach((notification) => notification.close());
  await setBadge(0);
  await (await self.registration.pushManager.getSubscription())?.unsubscribe();
}
