// Asks the service worker for the push subscription, which the worker makes (`src/worker/subscription.ts`).
import type { PageMessage, SubscribeOutcome } from '../worker/messages.ts';

const LIMIT_MS = 20_000; // there is no worker, or one of an earlier release, which does not answer

/** Makes or renews the subscription. Only `on` means that this device receives notifications. */
export async function subscribe(): Promise<SubscribeOutcome> {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return 'failed'; // a private window
  const late = new Promise<undefined>((settle) => setTimeout(settle, LIMIT_MS));
  const registration = await Promise.race([serviceWorker.ready, late]);
  const answer = new Promise<SubscribeOutcome>((settle) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }: MessageEvent<SubscribeOutcome>) => settle(data);
    const message: PageMessage = { act: 'subscribe' };
    registration?.active?.postMessage(message, [port2]);
  });
  const outcome = await Promise.race([answer, late]);
  return outcome ?? ((await registration?.pushManager.getSubscription()) ? 'on' : 'failed');
}
