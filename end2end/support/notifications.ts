/** A notification as the page's registration gives it back. */
export interface Shown {
  title: string;
  body: string;
  tag: string;
  lang: string;
  data: unknown;
}

/** Runs in the page of either browser, so it may use nothing from here. */
export async function readShown(): Promise<Shown[]> {
  const registration = await navigator.serviceWorker.getRegistration();
  const notifications = (await registration?.getNotifications()) ?? [];
  return notifications.map(({ title, body, tag, lang, data }) => ({ title, body, tag, lang, data }));
}
