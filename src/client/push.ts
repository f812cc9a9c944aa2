// The subscription is the service worker's to make (`src/worker/subscription.ts`). Here it is asked for, and told how that ended.
import type { PageMessage, SubscribeOutcome } from '../worker/messages.ts';

const LIMIT_MS = 20_000; // no worker, or one of an earlier release, which does not answer

/** `on`, `failed` or `away`; nothing but `on` may be called receiving. */
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
  return (
    (await Promise.race([answer, late])) ?? ((await registration?.pushManager.getSubscription()) ? 'on' : 'failed')
  );
}
