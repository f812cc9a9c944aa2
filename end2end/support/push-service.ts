// The push service of the tests: RFC 8030 towards the server and Mozilla's WebSocket protocol towards Firefox, on one
// port. It refuses what a real service refuses, and a real browser decrypts what it takes.
import { randomUUID } from 'node:crypto';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Claims, readVapid } from './vapid.mjs';

const MAX_BODY = 4096; // RFC 8030 §7.2: a service must take this much, and a browser's own takes no more
const WAIT_MS = 10_000;
const URGENCIES = ['very-low', 'low', 'normal', 'high'];

/**
 * What a browser says about a message. 100: the service worker has it. 101: the browser could not decrypt it. 102: it
 * could not hand it over.
 */
type Ack = 100 | 101 | 102;

/** A message that was posted, taken or refused. */
export interface PushMessage {
  readonly id: string;
  /** The address it was posted to. */
  readonly endpoint: string;
  readonly headers: IncomingHttpHeaders;
  /** The encrypted body, which begins with salt and key (RFC 8188). */
  readonly body: Buffer;
  /** The status of the answer. */
  readonly status: number;
  /** The claims of its token; missing for a message that was refused. */
  readonly claims?: Claims;
  /** Settles when the browser has it; never for a refused message. */
  readonly ack: Promise<Ack>;
}

/** A browser that has said hello, connected or not. */
interface Browser {
  socket?: WebSocket;
  /** Messages not acknowledged yet, by topic or id. A newer one replaces an older one (RFC 8030 §5.4). */
  waiting: Map<string, { message: PushMessage; channel: string; until: number }>;
}

interface Subscription {
  browser: Browser;
  channel: string;
  /** The public key that it is bound to, if any. */
  key?: string;
}

/** An answer that is not 201. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    reason: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(reason);
  }
}

export class PushService {
  /** Everything posted to `/push/…` so far, refused messages too. */
  readonly received: PushMessage[] = [];
  private readonly http: Server;
  private readonly sockets: WebSocketServer;
  private readonly browsers = new Map<string, Browser>();
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly gone = new Set<string>();
  private readonly acks = new Map<string, (ack: Ack) => void>();
  private readonly taken = new Set<PushMessage>();
  private readonly waiters: (() => void)[] = [];
  private scripted?: Refusal;

  private constructor() {
    this.http = createServer((request, response) => void this.serve(request, response));
    this.sockets = new WebSocketServer({ server: this.http });
    this.sockets.on('connection', (socket) => this.greet(socket));
  }

  static async start(): Promise<PushService> {
    const service = new PushService();
    await new Promise<void>((settle, reject) => {
      service.http.once('error', reject);
      service.http.listen(0, '127.0.0.1', settle);
    });
    return service;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets.clients) socket.terminate();
    this.http.closeAllConnections();
    await new Promise((settle) => this.http.close(settle));
  }

  get port(): number {
    return (this.http.address() as AddressInfo).port;
  }

  /** The host for `PUSH_EXTRA_HOSTS`. */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The endpoints of all subscriptions. */
  get endpoints(): string[] {
    return [...this.subscriptions.keys()];
  }

  /** Waits for the oldest message that no call has returned yet, to one endpoint or to any. */
  async next({ to, within = WAIT_MS }: { to?: string; within?: number } = {}): Promise<PushMessage> {
    const end = Date.now() + within;
    for (;;) {
      const message = this.received.find((message) => !this.taken.has(message) && (!to || message.endpoint === to));
      if (message) {
        this.taken.add(message);
        return message;
      }
      const left = end - Date.now();
      if (left <= 0) throw new Error(`no push${to ? ` to ${to}` : ''} within ${within / 1000} s`);
      await new Promise<void>((settle) => {
        const timer = setTimeout(settle, left);
        this.waiters.push(() => (clearTimeout(timer), settle()));
      });
    }
  }

  /** Answers every message with this status from now on; none reaches a browser. */
  answerWith(status: number, headers: Record<string, string> = {}): void {
    this.scripted = new Refusal(status, 'as the test wants it', headers);
  }

  answerAsUsual(): void {
    this.scripted = undefined;
  }

  /** Ends a subscription without telling the browser, as services do for devices not seen for long. */
  forget(endpoint: string): void {
    this.subscriptions.delete(endpoint);
    this.gone.add(endpoint);
  }

  // ---- towards the server: RFC 8030

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = (status: number, headers: Record<string, string>, text = '') =>
      response.writeHead(status, headers).end(text);
    try {
      if (request.method !== 'POST' || !/^\/push\/[\w-]+$/.test(request.url ?? ''))
        throw new Refusal(404, 'no such address');
      const message = await this.take(request);
      answer(message.status, {
        location: `http://${this.host}/message/${message.id}`,
        ttl: String(request.headers.ttl),
      });
    } catch (error) {
      if (error instanceof Refusal) answer(error.status, error.headers, error.message);
      else answer(500, {}, String(error));
    }
  }

  private async take(request: IncomingMessage): Promise<PushMessage> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { headers, url } = request;
    const id = randomUUID();
    const arrived = { id, endpoint: `http://${this.host}${url}`, headers, body: Buffer.concat(chunks) };
    const ack = new Promise<Ack>((settle) => this.acks.set(id, settle));
    try {
      const { subscription, claims } = this.checked(arrived);
      const message = this.keep({ ...arrived, claims, ack, status: 201 });
      this.deliver(subscription, message);
      return message;
    } catch (error) {
      this.keep({ ...arrived, ack, status: error instanceof Refusal ? error.status : 500 });
      throw error;
    }
  }

  private keep(message: PushMessage): PushMessage {
    this.received.push(message);
    for (const wake of this.waiters.splice(0)) wake();
    return message;
  }

  /** Checks what a real service checks before it takes a message. */
  private checked({ endpoint, headers, body }: Pick<PushMessage, 'endpoint' | 'headers' | 'body'>) {
    const subscription = this.subscriptions.get(endpoint);
    const { topic, urgency } = headers;
    if (this.scripted) throw this.scripted;
    if (this.gone.has(endpoint)) throw new Refusal(410, 'no longer subscribed');
    if (!subscription) throw new Refusal(404, 'never subscribed');
    if (!/^\d+$/.test(String(headers.ttl))) throw new Refusal(400, 'TTL must be there'); // RFC 8030 §5.2
    if (topic !== undefined && !/^[\w-]{1,32}$/.test(String(topic)))
      throw new Refusal(400, 'Topic must be up to 32 base64url letters');
    if (urgency !== undefined && !URGENCIES.includes(String(urgency))) throw new Refusal(400, 'no such Urgency');
    if (body.length > MAX_BODY) throw new Refusal(413, `more than ${MAX_BODY} octets`);
    if (body.length > 0 && headers['content-encoding'] !== 'aes128gcm')
      throw new Refusal(400, 'Content-Encoding must be aes128gcm');
    return { subscription, claims: this.vouched(endpoint, subscription, headers.authorization) };
  }

  /** RFC 8292 §4.2: 401 for a token that proves nothing, 403 for one by another key than the subscription's. */
  private vouched(endpoint: string, subscription: Subscription, authorization = ''): Claims {
    try {
      const { key, claims } = readVapid(authorization);
      if (claims.aud !== new URL(endpoint).origin) throw new Error(`aud is ${claims.aud}`);
      // How far ahead it ends is not checked, because the tests move the sender's clock.
      if (!(claims.exp * 1000 > Date.now())) throw new Error(`exp is ${claims.exp}`);
      if (subscription.key && subscription.key !== key)
        throw new Refusal(403, 'another key than the one subscribed with');
      return claims;
    } catch (error) {
      throw error instanceof Refusal ? error : new Refusal(401, String(error));
    }
  }

  // ---- towards the browser: hello, register, unregister, notification, ack, ping; all else goes unanswered

  private greet(socket: WebSocket): void {
    let browser: Browser | undefined;
    const say = (message: object) => socket.send(JSON.stringify(message));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      if (browser?.socket === socket) browser.socket = undefined;
    });
    socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      const { messageType, channelID, key } = message;
      if (messageType === undefined) return say({}); // a ping
      if (messageType === 'hello') {
        const known = this.browsers.has(message.uaid);
        const uaid = known ? message.uaid : randomUUID().replaceAll('-', '');
        browser = this.browsers.get(uaid) ?? { waiting: new Map() };
        browser.socket = socket;
        this.browsers.set(uaid, browser);
        say({ messageType, uaid, status: 200, use_webpush: true, broadcasts: {} });
        for (const topic of browser.waiting.keys()) this.forward(browser, topic);
      } else if (messageType === 'register' && browser) {
        const pushEndpoint = `http://${this.host}/push/${randomUUID()}`;
        const bound = key && Buffer.from(key, 'base64url').toString('base64url'); // Firefox sends it padded
        this.subscriptions.set(pushEndpoint, { browser, channel: channelID, key: bound });
        say({ messageType, channelID, status: 200, pushEndpoint });
      } else if (messageType === 'unregister') {
        for (const [endpoint, { channel }] of this.subscriptions) if (channel === channelID) this.forget(endpoint);
        say({ messageType, channelID, status: 200 });
      } else if (messageType === 'ack') {
        for (const { version, code } of message.updates) {
          for (const [topic, { message }] of browser?.waiting ?? [])
            if (message.id === version) browser?.waiting.delete(topic);
          this.acks.get(version)?.(code);
        }
      }
    });
  }

  private deliver({ browser, channel }: Subscription, message: PushMessage): void {
    const ttl = Number(message.headers.ttl);
    if (ttl === 0 && !browser.socket) return; // now or never
    const topic = `${channel} ${message.headers.topic ?? message.id}`;
    browser.waiting.set(topic, { message, channel, until: Date.now() + ttl * 1000 });
    this.forward(browser, topic);
  }

  private forward({ socket, waiting }: Browser, topic: string): void {
    const next = waiting.get(topic);
    if (!socket || !next) return;
    const { message, channel, until } = next;
    if (message.headers.ttl !== '0' && until < Date.now()) return void waiting.delete(topic);
    const content = message.body.length > 0 && {
      data: message.body.toString('base64url'),
      headers: { encoding: 'aes128gcm' },
    };
    socket.send(JSON.stringify({ messageType: 'notification', channelID: channel, version: message.id, ...content }));
  }
}
