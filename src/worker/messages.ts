// What the service worker exchanges with its pages and with the server: the messages of a page, the answer to them, and
// the payload of a push. Pages and pushes may be of an earlier or a later release than the worker, so a value that
// arrives is checked here before it is used. This file uses no type of the browser: pages may import it too.

// ---- page to worker

/** What a page asks of the worker. The worker ignores a message of any other form. */
export type PageMessage =
  /** Make or renew the push subscription. The worker answers on the port that comes with the message. */
  | { readonly act: 'subscribe' }
  /** The same under the name that pages of earlier releases use. */
  | { readonly act: 'sync' }
  /** The person signed out: remove all that is theirs from the device. */
  | { readonly act: 'forget' }
  /** Set the count on the app's icon. No page of this release sends it. */
  | { readonly act: 'badge'; readonly unread: number }
  /** Keep the page at this address: its load did not pass through the worker, or its copy is out of date. */
  | { readonly act: 'opened'; readonly url: string };

/**
 * The worker's answer to `subscribe`. `on`: browser and server have the subscription. `failed`: the browser or the
 * server refuses it. `away`: the network or the server did not answer properly. Workers of earlier releases do not
 * answer.
 */
export type SubscribeOutcome = 'on' | 'failed' | 'away';

/** Checks what a page sent. Returns `undefined` for a message of a form that this release does not know. */
export function parsePageMessage(data: unknown): PageMessage | undefined {
  const { act, unread, url } = fieldsOf<'act' | 'unread' | 'url'>(data);
  switch (act) {
    case 'subscribe':
    case 'sync':
    case 'forget':
      return { act };
    case 'badge':
      return typeof unread === 'number' ? { act, unread } : undefined;
    case 'opened':
      return typeof url === 'string' ? { act, url } : undefined;
    default:
      return undefined;
  }
}

// ---- server to worker

/**
 * A push as `src/server/push/payload.rs` writes it. Its form is that of Declarative Web Push (W3C Push API,
 * "Declarative push message"; WebKit's explainer): a browser that reads it shows the notification without the worker.
 */
export interface PushPayload {
  readonly web_push: 8030;
  readonly notification: {
    readonly title: string;
    readonly body: string;
    /** An absolute address below PUBLIC_URL. */
    readonly navigate: string;
    readonly lang: 'ko' | 'en';
    readonly tag: string;
    /** A number as text: WebKit reads the count here, the W3C draft one level higher. */
    readonly app_badge: string;
  };
  /** How many entries of the inbox are unread: the count itself, not a difference. */
  readonly app_badge: number;
  readonly id: string;
  readonly subscription: string;
  readonly receipt: string;
  /** Epoch ms. */
  readonly sent_at: number;
}

/** Which notification on which device, and the secret that lets this device report on it and do nothing else. */
export type Ticket = Pick<PushPayload, 'id' | 'subscription' | 'receipt'>;

/** What the device reports of a notification, in the words of `receipt` in `src/api/devices.rs`. */
export type Report = 'shown' | 'opened';

/** What could be read of a push. A text that is empty counts as missing. */
export interface ReceivedPush {
  readonly title: string | undefined;
  readonly body: string | undefined;
  readonly navigate: string | undefined;
  readonly lang: string | undefined;
  readonly tag: string | undefined;
  readonly unread: number | undefined;
  readonly sentAt: number | undefined;
  readonly ticket: Ticket | undefined;
}

/** Reads the fields that are there and of the right type. A payload without any is no error. */
export function readPush(payload: unknown): ReceivedPush {
  const { notification, app_badge, sent_at } = fieldsOf<keyof PushPayload>(payload);
  const { title, body, navigate, lang, tag } = fieldsOf<keyof PushPayload['notification']>(notification);
  return {
    title: textOf(title),
    body: textOf(body),
    navigate: textOf(navigate),
    lang: textOf(lang),
    tag: textOf(tag),
    unread: numberOf(app_badge),
    sentAt: numberOf(sent_at),
    ticket: ticketOf(payload),
  };
}

// ---- worker to worker

/**
 * What a shown notification carries for its click. The worker of a later release may handle the click, so a field keeps
 * its name and meaning.
 */
export type NotificationData = { readonly path: string } & Partial<Ticket>;

/** Reads what a notification carries. One that the browser showed by itself (Declarative Web Push) carries nothing. */
export function readNotificationData(data: unknown): { path: string | undefined; ticket: Ticket | undefined } {
  return { path: textOf(fieldsOf<'path'>(data).path), ticket: ticketOf(data) };
}

// ---- checks

/** The fields of a value from outside, each of unknown type. A value that is no object has none. */
function fieldsOf<Name extends string>(value: unknown): Partial<Record<Name, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Partial<Record<Name, unknown>>) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function ticketOf(value: unknown): Ticket | undefined {
  const fields = fieldsOf<keyof Ticket>(value);
  const [id, subscription, receipt] = [textOf(fields.id), textOf(fields.subscription), textOf(fields.receipt)];
  return id && subscription && receipt ? { id, subscription, receipt } : undefined;
}
