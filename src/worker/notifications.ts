// Notifications: shows what is pushed, opens its page on a click, and sets the count on the app's icon.
import { post } from './api.ts';
import { type NotificationData, readNotificationData, readPush, type Report, type Ticket } from './messages.ts';

declare const self: ServiceWorkerGlobalScope;

declare global {
  /** Members of the WHATWG Notifications standard that TypeScript's library leaves out. */
  interface NotificationOptions {
    renotify?: boolean;
    timestamp?: EpochTimeStamp;
  }
}

const GENERAL = { title: '엄빠도 어렸다', body: '새 소식이 있어요' };

// ---- showing

self.addEventListener('push', (event) => event.waitUntil(show(event.data)));

// A push always ends with a notification, whatever its payload is: a browser takes the subscription away from a site
// that receives a push and shows nothing (`userVisibleOnly`, W3C Push API).
async function show(data: PushMessageData | null): Promise<void> {
  const { title, body, lang, tag, navigate, unread, sentAt, ticket } = readPush(payloadOf(data));
  const carried: NotificationData = { path: pathOf(navigate), ...ticket };
  await self.registration.showNotification(title ?? GENERAL.title, {
    body: title === undefined ? GENERAL.body : (body ?? ''),
    lang: lang ?? 'ko',
    // A notification with the tag of one that is shown replaces it, without a sound.
    tag: tag ?? '',
    renotify: false,
    icon: '/icons/icon-192.png',
    timestamp: sentAt ?? Date.now(),
    data: carried,
  });
  await Promise.allSettled([setBadge(unread), report('shown', ticket)]);
}

/** The payload as JSON; `undefined` when it is missing or broken. */
function payloadOf(data: PushMessageData | null): unknown {
  try {
    return data?.json();
  } catch {
    return undefined;
  }
}

/** The path of an address on this origin; `/` for any other, so that a notification never opens another site. */
function pathOf(url: string | undefined): string {
  try {
    const { origin, pathname, search } = new URL(url ?? '/', self.location.origin);
    if (origin === self.location.origin) return pathname + search;
  } catch {
    // The text is no address.
  }
  return '/';
}

/** Sets the count on the app's icon. The server sends the count itself, so the worker never adds to it. */
export async function setBadge(unread: number | undefined): Promise<void> {
  if (!('setAppBadge' in self.navigator) || unread === undefined || !Number.isInteger(unread)) return;
  await (unread > 0 ? self.navigator.setAppBadge(unread) : self.navigator.clearAppBadge());
}

async function report(what: Report, ticket: Ticket | undefined): Promise<void> {
  if (!ticket) return;
  const { id, subscription, receipt } = ticket;
  await post('receipt', { notification: id, subscription, receipt, what });
}

/** Closes every notification and removes the count. */
export async function clearNotifications(): Promise<void> {
  const shown = await self.registration.getNotifications();
  shown.forEach((notification) => notification.close());
  await setBadge(0);
}

// ---- opening

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const { path, ticket } = readNotificationData(event.notification.data);
  event.waitUntil(Promise.allSettled([open(pathOf(path)), report('opened', ticket)]));
});

/** Shows a page in a window that is open, or else in a new one. */
async function open(path: string): Promise<void> {
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const window = windows.find(({ url }) => pathOf(url) === path) ?? windows[0];
  if (!window) {
    await self.clients.openWindow(path);
    return;
  }
  // Focus before navigating: the navigation would use up the permission to focus that the click gave. The browser may
  // refuse to focus, and the navigation is still of use then.
  const focused = await window.focus().catch(() => window);
  if (pathOf(focused.url) !== path) await focused.navigate(path).catch(() => self.clients.openWindow(path));
}
