// The push subscription. The worker makes it, renews it and gives it up, because it must be able to renew it when no
// page is open (W3C Push API, `pushsubscriptionchange`).
import { post } from './api.ts';
import type { SubscribeOutcome } from './messages.ts';

declare const self: ServiceWorkerGlobalScope;

self.addEventListener('pushsubscriptionchange', (event) => event.waitUntil(renewSubscription()));

/** Makes sure that browser and server have a subscription, and says whether they do. Never throws. */
export async function renewSubscription(): Promise<SubscribeOutcome> {
  try {
    return await subscribe();
  } catch (error) {
    console.warn(error);
    // `fetch` without a network throws a TypeError; a browser that refuses a subscription throws a DOMException.
    return error instanceof DOMException ? 'failed' : 'away';
  }
}

// Every start of a page runs this too: a subscription may have been lost, or made with a key that the server has since
// replaced, and the key of a subscription cannot be changed.
async function subscribe(mayRepeat = true): Promise<SubscribeOutcome> {
  if (!('Notification' in self) || Notification.permission !== 'granted') return 'failed';
  const answer = await post('push_key', {});
  if (!answer.ok) return 'away';
  const key: unknown = await answer.json();
  if (typeof key !== 'string') return 'away';
  const { pushManager } = self.registration;
  if (!pushManager) return 'failed'; // the types say that it is always there; not every browser has it
  let subscription = await pushManager.getSubscription();
  if (subscription && keyOf(subscription) !== key) {
    await subscription.unsubscribe();
    subscription = null;
  }
  subscription ??= await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { endpoint = '', keys = {} } = subscription.toJSON();
  const { status } = await post('subscribe', { endpoint, p256dh: keys['p256dh'] ?? '', auth: keys['auth'] ?? '', key });
  if (status < 300) return 'on';
  if (status === 401 || status === 429 || status >= 500) return 'away';
  // The server refuses this subscription, so it is of no use. 409: the server knows the endpoint with other keys, as
  // another person's; a new subscription has an endpoint of its own.
  await subscription.unsubscribe();
  return status === 409 && mayRepeat ? subscribe(false) : 'failed';
}

/** The server's public key that a subscription was made with, in base64url without padding. */
function keyOf({ options }: PushSubscription): string {
  const bytes = new Uint8Array(options.applicationServerKey ?? []);
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** Gives the subscription up: this device receives no more pushes. */
export async function unsubscribe(): Promise<void> {
  await (await self.registration.pushManager.getSubscription())?.unsubscribe();
}
