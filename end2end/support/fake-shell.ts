// A native shell of the tests: Chromium is its WebView, and this class does what `docs/SHELL.md` asks of the app around
// it. Its registration and its badge are kept here, outside of the page.
import { type Page, expect } from '@playwright/test';
import type { FcmMessage } from './fake-fcm.ts';

/** What `registration()` of the bridge returns. */
export interface Registration {
  provider: 'fcm' | 'apns';
  address: string;
  kind: string;
  environment: string;
}

/** A registration with a Firebase installation id of the right form. */
export const ON_FCM: Registration = {
  provider: 'fcm',
  address: 'cIb2kYxTQ0-7sLw_9aZxQe',
  kind: 'fid',
  environment: '',
};

/** A notification that the shell shows. */
interface Notice {
  readonly title: string;
  readonly body: string;
  readonly channel: string;
  readonly data: FcmMessage['data'];
}

export class FakeShell {
  /** The number on the app's icon; `undefined` before anybody set it. */
  badge: number | undefined;
  /** How often a page said that nobody is signed in. */
  signedOut = 0;
  private registration: Registration | null = null;
  /** By tag: a notification replaces one with the same tag. */
  private readonly notices = new Map<string, Notice>();

  private constructor(private readonly page: Page) {}

  /** Injects the bridge into every document of the page, before its scripts run. */
  static async around(page: Page): Promise<FakeShell> {
    const shell = new FakeShell(page);
    await page.exposeFunction('callShell', (method: string, value?: number) => {
      if (method === 'registration') return JSON.stringify(shell.registration);
      if (method === 'badge') shell.badge = value;
      if (method === 'signedOut') shell.forget();
      return null;
    });
    await page.addInitScript(() => {
      const scope = window as unknown as { callShell(method: string, value?: number): Promise<string | null> };
      Object.assign(window, {
        umbbaShell: {
          registration: () => scope.callShell('registration'),
          badge: (unread: number) => scope.callShell('badge', unread),
          signedOut: () => scope.callShell('signedOut'),
        },
      });
    });
    return shell;
  }

  /** The person allows notifications, or the provider gives a new address. */
  async allow(registration = ON_FCM): Promise<void> {
    this.registration = registration;
    await this.page.evaluate(() => dispatchEvent(new Event('umbbashellregistration')));
  }

  get isRegistered(): boolean {
    return this.registration !== null;
  }

  /** What is on the lock screen. */
  get shown(): Notice[] {
    return [...this.notices.values()];
  }

  /** Shows what came, and reports it without a cookie. */
  async receive({ data }: FcmMessage): Promise<void> {
    const { tag, app_badge, title, body, channel } = data;
    this.badge = Number(app_badge);
    if (data.act === 'withdraw') {
      this.notices.delete(tag);
      return;
    }
    this.notices.set(tag, { title, body, channel, data });
    await this.report(data, 'shown');
  }

  /** A tap on the notification with this title: its page is opened, unless it is on another origin. */
  async tap(title: string): Promise<void> {
    const notice = this.shown.find((notice) => notice.title === title);
    if (!notice) throw new Error(`no notification says ${title}`);
    const { data } = notice;
    this.notices.delete(data.tag);
    await this.report(data, 'opened');
    if (new URL(data.navigate).origin === new URL(this.page.url()).origin) await this.page.goto(data.navigate);
  }

  private async report(data: FcmMessage['data'], what: 'shown' | 'opened'): Promise<void> {
    const { id, subscription, receipt } = data;
    const { origin } = new URL(data.navigate);
    const response = await fetch(`${origin}/api/receipt`, {
      method: 'POST',
      body: new URLSearchParams({ notification: id, subscription, receipt, what }),
      headers: { accept: 'application/json' },
    });
    expect(response.status, `the receipt ${what}`).toBe(200);
  }

  private forget(): void {
    this.signedOut += 1;
    this.registration = null;
    this.notices.clear();
    this.badge = 0;
  }
}
