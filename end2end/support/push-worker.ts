// Pushes in Chromium without its push service: DevTools hands the service worker a message in clear. This tests the
// worker and not the encryption, which `firefox.ts` tests.
import type { BrowserContext, CDPSession, Page, Worker } from '@playwright/test';
import { readShown, type Shown } from './notifications.ts';

/** What a click on a notification led to. Messages and navigations happen, and are not listed. */
export interface Click {
  /** The addresses of new windows it asked for. */
  opened: string[];
  /** The addresses of the windows it brought to the front. */
  focused: string[];
}

/** The part of a DevTools event about a push that is used here. */
interface BackgroundServiceEvent {
  backgroundServiceEvent: { eventName: string; eventMetadata: { key: string; value: string }[] };
}

/** Grants notifications to a context. Headless Chromium denies every prompt. */
export async function allowNotifications(context: BrowserContext, origin: string): Promise<void> {
  await context.grantPermissions(['notifications'], { origin });
}

/** The service worker of a page's origin. */
export class PushWorker {
  /** The errors in the worker so far. */
  readonly errors: string[] = [];
  private readonly origin: string;
  private registration!: string;
  private isRunning = false;
  private changed: (() => void)[] = [];

  private constructor(
    private readonly page: Page,
    private readonly cdp: CDPSession,
  ) {
    this.origin = new URL(page.url()).origin;
  }

  /** Waits until the page's worker is active. */
  static async of(page: Page): Promise<PushWorker> {
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
    const worker = new PushWorker(page, await page.context().newCDPSession(page));
    await worker.follow();
    return worker;
  }

  /**
   * Delivers a push and waits until the worker has handled it: an object as JSON, a string as it is, nothing as a
   * message without a body. The notifications must not be read before: Chromium takes one that it has
   * stored and not shown yet for one that was closed.
   */
  async deliver(message: object | string = ''): Promise<void> {
    const data = typeof message === 'string' ? message : JSON.stringify(message);
    const done = new Promise<string | undefined>((settle) => {
      const heard = ({ backgroundServiceEvent: { eventName, eventMetadata } }: BackgroundServiceEvent) => {
        if (eventName !== 'Push event completed') return;
        this.cdp.off('BackgroundService.backgroundServiceEventReceived', heard);
        settle(eventMetadata.find(({ key }) => key === 'Status')?.value);
      };
      this.cdp.on('BackgroundService.backgroundServiceEventReceived', heard);
    });
    await this.cdp.send('ServiceWorker.deliverPushMessage', {
      origin: this.origin,
      registrationId: this.registration,
      data,
    });
    const status = await done;
    if (status !== 'Success') throw new Error(`the push event ended with ${status}`);
  }

  /** The notifications that are shown now. */
  shown(): Promise<Shown[]> {
    return this.page.evaluate(readShown);
  }

  /** Ends the worker, as the browser ends an idle one. The next push starts it again without its state. */
  async stop(): Promise<void> {
    await this.cdp.send('ServiceWorker.stopAllWorkers');
    while (this.isRunning) await new Promise<void>((settle) => this.changed.push(settle));
  }

  /**
   * Clicks a shown notification as far as a script can: the worker's listeners run, and this waits for them. Only a
   * person's click may open or focus windows, so these calls are recorded instead.
   */
  async click(title: string, action = ''): Promise<Click> {
    // A stopped worker would never answer.
    await this.cdp.send('ServiceWorker.startWorker', { scopeURL: `${this.origin}/` });
    return this.worker().evaluate(dispatchClick, { title, action });
  }

  /** The worker itself. */
  worker(): Worker {
    const worker = this.page
      .context()
      .serviceWorkers()
      .find((worker) => worker.url().startsWith(this.origin));
    if (!worker) throw new Error(`${this.origin} has no service worker`);
    return worker;
  }

  private async follow(): Promise<void> {
    this.cdp.on('ServiceWorker.workerErrorReported', ({ errorMessage }) => this.errors.push(errorMessage.errorMessage));
    this.cdp.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
      for (const { status, runningStatus } of versions)
        if (status === 'activated') this.isRunning = runningStatus !== 'stopped';
      for (const settle of this.changed.splice(0)) settle();
    });
    const registered = new Promise<void>((settle) => {
      this.cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        const own = registrations.find(({ scopeURL, isDeleted }) => scopeURL.startsWith(this.origin) && !isDeleted);
        if (!own) return;
        this.registration = own.registrationId;
        settle();
      });
    });
    await this.cdp.send('BackgroundService.setRecording', { shouldRecord: true, service: 'pushMessaging' });
    await this.cdp.send('BackgroundService.startObserving', { service: 'pushMessaging' });
    await this.cdp.send('ServiceWorker.enable');
    await registered;
  }
}

/** Runs in the worker, so it may use nothing of this file. */
async function dispatchClick({ title, action }: { title: string; action: string }): Promise<Click> {
  const scope = globalThis as any;
  const [notification] = (await scope.registration.getNotifications()).filter(
    (shown: Notification) => shown.title === title,
  );
  if (!notification) throw new Error(`no notification "${title}" is shown`);
  const click: Click = { opened: [], focused: [] };
  const { focus } = scope.WindowClient.prototype;
  scope.clients.openWindow = async (url: string) => {
    click.opened.push(new URL(url, scope.location.href).href);
    return null;
  };
  scope.WindowClient.prototype.focus = async function () {
    click.focused.push(this.url);
    return this;
  };
  try {
    const waited: Promise<unknown>[] = [];
    const event = new scope.NotificationEvent('notificationclick', { notification, action, cancelable: true });
    event.waitUntil = (promise: Promise<unknown>) => waited.push(promise); // a script's own event refuses it
    scope.dispatchEvent(event);
    for (const promise of waited) await promise;
    return click;
  } finally {
    delete scope.clients.openWindow;
    scope.WindowClient.prototype.focus = focus;
  }
}
