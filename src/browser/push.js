// The subscription is the service worker's to make (`public/worker/push.js`). Here it is asked for, and told how that ended.
const LIMIT_MS = 20_000; // no worker, or one of an earlier release, which does not answer

/** `on`, `failed` or `away`; nothing but `on` may be called receiving. */
export async function subscribe() {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return 'failed'; // a private window
  const late = new Promise((settle) => setTimeout(settle, LIMIT_MS));
  const registration = await Promise.race([serviceWorker.ready, late]);
  const answer = new Promise((settle) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => settle(data);
    registration?.active.postMessage({ act: 'subscribe' }, [port2]);
  });
  return (await Promise.race([answer, late])) ?? ((await registration?.pushManager.getSubscription()) ? 'on' : 'failed');
}
