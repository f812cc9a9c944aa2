// Stock Firefox, the only browser whose push service can be replaced. It asks, subscribes, decrypts, shows and takes
// clicks as it does for its users. One Firefox is one person's device.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import puppeteer, { type Browser, type Page, type Target } from 'puppeteer-core';
import { readShown, type Shown } from './notifications.ts';
import type { PushService } from './push-service.ts';

const BINARY = process.env.FIREFOX || '/usr/bin/firefox-esr';
const WAIT_MS = 10_000;
const STOP_MS = 15_000;
const ALERT = 'chrome://global/content/alerts/alert.xhtml';
const PERMISSION = { ask: 0, granted: 1, denied: 2 };

export interface FirefoxOptions {
  pushService: PushService;
  /** What sites may do without asking. With `ask`, a page waits for `answerPrompt`. */
  permission?: keyof typeof PERMISSION;
  locale?: string;
}

/** A notification on the screen. */
export interface OnScreen {
  title: string;
  body: string;
}

interface Alert extends OnScreen {
  context: string;
}

export class Firefox {
  private browser!: Browser;

  private constructor(
    private readonly home: string,
    private readonly options: FirefoxOptions,
  ) {}

  static async start(options: FirefoxOptions): Promise<Firefox> {
    const firefox = new Firefox(await mkdtemp(join(tmpdir(), 'umbba-firefox-')), options);
    try {
      await firefox.resume();
      return firefox;
    } catch (error) {
      await firefox.remove();
      throw error;
    }
  }

  /** Starts it, for the first time or again with the same profile: cookies, workers and subscriptions. */
  async resume(): Promise<void> {
    const { pushService, permission = 'ask', locale = 'ko-KR' } = this.options;
    this.browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: BINARY,
      headless: true,
      // An interrupted run tears its fixtures down, which ends Firefox. Puppeteer would leave the profile.
      handleSIGHUP: false,
      handleSIGINT: false,
      handleSIGTERM: false,
      args: ['--remote-allow-system-access'], // Firefox shows notifications in its own windows
      userDataDir: join(this.home, 'profile'),
      env: {
        PATH: process.env.PATH,
        HOME: this.home,
        TMPDIR: this.home,
        TZ: 'Asia/Seoul',
        MOZ_CRASHREPORTER_DISABLE: '1',
      },
      defaultViewport: { width: 390, height: 844 },
      extraPrefsFirefox: {
        'dom.push.connection.enabled': true,
        'dom.push.serverURL': `ws://${pushService.host}/`,
        'dom.push.testing.allowInsecureServerURL': true,
        'dom.push.retryBaseInterval': 200,
        'permissions.default.desktop-notification': PERMISSION[permission],
        'alerts.useSystemBackend': false, // without a desktop `showNotification` would reject
        'ui.prefersReducedMotion': 1, // a notification closes at once on a click
        'intl.accept_languages': locale,
      },
    });
  }

  /** Ends it as a person would. The profile stays. */
  async halt(): Promise<void> {
    const process = this.browser.process()!;
    const exited = process.exitCode === null && process.signalCode === null && once(process, 'exit');
    const late = setTimeout(() => process.kill('SIGKILL'), STOP_MS);
    await this.browser.close();
    await exited;
    clearTimeout(late);
  }

  /** Ends it and removes its profile. */
  async stop(): Promise<void> {
    try {
      if (this.browser.connected) await this.halt();
    } finally {
      await this.remove();
    }
  }

  /** The first tab. */
  async page(): Promise<Page> {
    const [page] = await this.browser.pages();
    return page;
  }

  /** The tab that shows `path`, now or soon, after a click on a notification. */
  async pageAt(path: string): Promise<Page> {
    const shows = (target: Target) => target.type() === 'page' && new URL(target.url()).pathname === path;
    const target = await this.browser.waitForTarget(shows, { timeout: WAIT_MS });
    return (await target.page())!;
  }

  /** The shown notifications, as the first tab's registration lists them. */
  async shown(): Promise<Shown[]> {
    return (await this.page()).evaluate(readShown);
  }

  /** The shown notifications as a person sees them: long bodies are cut. Most disappear after 20 s. */
  async onScreen(): Promise<OnScreen[]> {
    return (await this.alerts()).map(({ title, body }) => ({ title, body }));
  }

  /** Clicks the notification with this title, as soon as it is on the screen. */
  async click(title: string): Promise<void> {
    const alert = await soon(`notification "${title}"`, async () =>
      (await this.alerts()).find((alert) => alert.title === title),
    );
    await this.evaluate(alert.context, `document.getElementById('alertBox').click()`);
  }

  /** Answers the browser's question whether the site may notify. */
  async answerPrompt(allow: boolean): Promise<void> {
    await soon('question about notifications', async () => {
      const [window] = (await this.windows()).filter(({ url }) => url === 'chrome://browser/content/browser.xhtml');
      return this.evaluate(
        window.context,
        `(() => {
          const question = document.getElementById('web-notifications-notification');
          if (!question || PopupNotifications.panel.state !== 'open') return false;
          question.${allow ? 'button' : 'secondaryButton'}.click();
          return true;
        })()`,
      );
    });
  }

  /** The notifications that are drawn and take clicks. One that was just replaced is not among them. */
  private async alerts(): Promise<Alert[]> {
    const alerts: Alert[] = [];
    for (const { context, url } of await this.windows()) {
      if (url !== ALERT) continue;
      const words = await this.evaluate(
        context,
        `gIsActive && !gIsReplaced && JSON.stringify({
          title: document.getElementById('alertTitleLabel').getAttribute('value'),
          body: document.getElementById('alertTextLabel').textContent,
        })`,
      ).catch(() => undefined); // closed meanwhile
      if (typeof words === 'string') alerts.push({ context, ...JSON.parse(words) });
    }
    return alerts;
  }

  private async windows(): Promise<{ context: string; url: string }[]> {
    const { contexts } = await this.bidi('browsingContext.getTree', { 'moz:scope': 'chrome' });
    return contexts;
  }

  private async evaluate(context: string, expression: string): Promise<unknown> {
    const answer = await this.bidi('script.evaluate', { target: { context }, expression, awaitPromise: false });
    if (answer.type === 'exception') throw new Error(answer.exceptionDetails.text);
    return answer.result.value;
  }

  /** Puppeteer knows tabs only. This asks the browser's windows through its private connection. */
  private async bidi(method: string, params: object): Promise<any> {
    const { connection } = this.browser as unknown as {
      connection: { send(method: string, params: object): Promise<{ result: any }> };
    };
    return (await connection.send(method, params)).result;
  }

  private async remove(): Promise<void> {
    await rm(this.home, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function soon<T>(what: string, look: () => Promise<T>): Promise<NonNullable<T>> {
  for (const end = Date.now() + WAIT_MS; Date.now() < end; await sleep(50)) {
    const found = await look();
    if (found) return found;
  }
  throw new Error(`no ${what} within ${WAIT_MS / 1000} s`);
}
