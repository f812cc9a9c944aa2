// The FCM of the tests: the token endpoint (RFC 7523 §2.1) and `messages:send` of HTTP v1, on one port of this machine.
// It speaks HTTP/2 without TLS (RFC 9113 §3.3), and refuses what Google refuses.
import { type KeyObject, generateKeyPairSync, randomUUID, verify } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import {
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
  createServer,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const WAIT_MS = 10_000;
const PROJECT = 'umbba-end2end';
const EMAIL = `push@${PROJECT}.iam.gserviceaccount.com`;
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const AUDIENCE = 'https://oauth2.googleapis.com/token';
const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';
const LIFE_S = 3_600;

/** A message that was taken, as far as the tests read it. */
export interface FcmMessage {
  readonly fid: string;
  readonly data: Readonly<Record<string, string>>;
  /** What the system draws; missing in a message that the app draws. */
  readonly notification?: { readonly title: string; readonly body: string };
  readonly android: { readonly priority: string; readonly ttl: string };
}

/** An answer that is not 200, with the error's name in `google.rpc.Status` and FCM's own code. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly word: string,
    readonly code?: string,
  ) {
    super(word);
  }

  get body(): object {
    const details = this.code && [
      { '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: this.code },
    ];
    return { error: { code: this.status, status: this.word, message: this.word, ...(details && { details }) } };
  }
}

export class FakeFcm {
  /** Every message that was taken. */
  readonly received: FcmMessage[] = [];
  private readonly http: Http2Server;
  private readonly sessions = new Set<ServerHttp2Session>();
  private readonly key: KeyObject;
  private readonly grants = new Set<string>();
  private readonly waiters: (() => void)[] = [];
  private taken = 0;

  private constructor(
    private readonly folder: string,
    key: KeyObject,
  ) {
    this.key = key;
    this.http = createServer((request, response) => void this.serve(request, response));
    this.http.on('session', (session) => {
      this.sessions.add(session);
      session.on('close', () => this.sessions.delete(session));
    });
  }

  static async start(): Promise<FakeFcm> {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const fcm = new FakeFcm(await mkdtemp(join(tmpdir(), 'umbba-fcm-')), publicKey);
    const account = {
      type: 'service_account',
      project_id: PROJECT,
      private_key_id: 'end2end',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      client_email: EMAIL,
      token_uri: AUDIENCE,
    };
    await writeFile(fcm.accountFile, JSON.stringify(account));
    await chmod(fcm.accountFile, 0o600); // the server refuses a key that others may read
    await new Promise<void>((settle, reject) => {
      fcm.http.once('error', reject);
      fcm.http.listen(0, '127.0.0.1', settle);
    });
    return fcm;
  }

  async stop(): Promise<void> {
    for (const session of this.sessions) session.destroy();
    await new Promise((settle) => this.http.close(settle));
    await rm(this.folder, { recursive: true, force: true });
  }

  /** The settings of a server that sends through it. */
  get settings(): Record<string, string> {
    const { port } = this.http.address() as AddressInfo;
    return { FCM_SERVICE_ACCOUNT: this.accountFile, FCM_URL: `http://127.0.0.1:${port}/` };
  }

  /** Waits for the oldest message that no call has returned yet. */
  async next(within = WAIT_MS): Promise<FcmMessage> {
    const end = Date.now() + within;
    while (this.taken >= this.received.length) {
      const left = end - Date.now();
      if (left <= 0) throw new Error(`no message within ${within / 1000} s`);
      await new Promise<void>((settle) => {
        const timer = setTimeout(settle, left);
        this.waiters.push(() => (clearTimeout(timer), settle()));
      });
    }
    return this.received[this.taken++];
  }

  private get accountFile(): string {
    return join(this.folder, 'account.json');
  }

  private async serve(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    try {
      request.setEncoding('utf8');
      let body = '';
      for await (const chunk of request) body += chunk;
      if (request.method === 'POST' && request.url === '/token') return void answer(200, this.grant(body));
      if (request.method === 'POST' && request.url === `/v1/projects/${PROJECT}/messages:send`)
        return void answer(200, this.take(request.headers.authorization, body));
      throw new Refusal(404, 'NOT_FOUND');
    } catch (error) {
      if (error instanceof Refusal) answer(error.status, error.body);
      else answer(400, { error: 'invalid_grant', error_description: String(error) });
    }
  }

  /** Exchanges a signed assertion for an access token. Its times are not checked: the tests move the sender's clock. */
  private grant(form: string): object {
    const fields = new URLSearchParams(form);
    const [header, payload, signature] = (fields.get('assertion') ?? '').split('.');
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
    if (fields.get('grant_type') !== GRANT) throw new Error('another grant');
    if (read(header).alg !== 'RS256') throw new Error('not RS256');
    const isSigned = verify(
      'sha256',
      Buffer.from(`${header}.${payload}`),
      this.key,
      Buffer.from(signature, 'base64url'),
    );
    if (!isSigned) throw new Error('another key');
    const { iss, aud, scope, iat, exp } = read(payload);
    if (iss !== EMAIL || aud !== AUDIENCE || scope !== SCOPE) throw new Error('other claims');
    if (!(exp - iat > 0 && exp - iat <= LIFE_S)) throw new Error('it lives for too long');
    const token = randomUUID();
    this.grants.add(token);
    return { access_token: token, token_type: 'Bearer', expires_in: LIFE_S };
  }

  private take(authorization: string | undefined, body: string): object {
    if (!this.grants.has(String(authorization).replace(/^Bearer /, ''))) throw new Refusal(401, 'UNAUTHENTICATED');
    const { message } = JSON.parse(body) as { message: FcmMessage };
    const targets = ['fid', 'token', 'topic', 'condition'].filter((target) => target in message);
    const isText = Object.values(message.data).every((value) => typeof value === 'string');
    if (targets.length !== 1 || !isText || !/^\d+s$/.test(message.android.ttl))
      throw new Refusal(400, 'INVALID_ARGUMENT', 'INVALID_ARGUMENT');
    this.received.push(message);
    for (const wake of this.waiters.splice(0)) wake();
    return { name: `projects/${PROJECT}/messages/${randomUUID()}` };
  }
}
