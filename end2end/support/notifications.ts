/** A notification as the page's registration lists it. */
export interface Shown {
  title: string;
  body: string;
  tag: string;
  lang: string;
  data: unknown;
}

/** Runs in the page, so it may use nothing of this file. */
export async function readShown(): Promise<Shown[]> {
  const registration = await navigator.serviceWorker.getRegistration();
  const notifications = (await registration?.getNotifications()) ?? [];
  return notifications.map(({ title, body, tag, lang, data }) => ({ title, body, tag, lang, data }));
}
