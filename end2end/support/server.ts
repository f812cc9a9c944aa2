// The real server binary, one for each worker, with its own folder, port and clock. `pair.ts` adds people.
import { test as base } from '@playwright/test';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Clock } from './clock.ts';

export { expect } from '@playwright/test';

const ROOT = resolve(import.meta.dirname, '../..');
const BINARY = process.env.UMBBA_BIN || join(ROOT, 'target/debug/umbba');
export const SITE = resolve(ROOT, process.env.SITE_ROOT || 'target/site');
const START_MS = 30_000;
const STOP_MS = 15_000; // the promise is 10 s with streams open

export class Server {
  private process!: ChildProcess;
  private exited!: Promise<void>;
  private lines = '';
  private port = '0'; // the system chooses it; a restart keeps it for open pages
  readonly clock: Clock;

  private constructor(
    readonly dataDir: string,
    private readonly settings: Record<string, string>,
  ) {
    this.clock = new Clock(join(dataDir, 'control.sock'));
  }

  /** The address of the pages. Over http a browser keeps a `Secure` cookie on `localhost` only. */
  get url(): string {
    return `http://localhost:${this.port}`;
  }

  /** The output of the server so far. */
  get log(): string {
    return this.lines;
  }

  /** `settings`: more environment variables. */
  static async start(settings: Record<string, string> = {}): Promise<Server> {
    const server = new Server(await mkdtemp(join(tmpdir(), 'umbba-e2e-')), settings);
    try {
      await server.resume();
      return server;
    } catch (error) {
      await server.remove();
      throw error;
    }
  }

  /** Starts it, for the first time or again with the same folder and port. Its clock shows the real time. */
  async resume(): Promise<void> {
    const said = this.lines.length;
    // No inherited variable may lead to another database or address.
    this.process = spawn(BINARY, ['serve'], {
      cwd: this.dataDir,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        RUST_BACKTRACE: '1',
        ...(process.env.RUST_LOG && { RUST_LOG: process.env.RUST_LOG }),
        APP_ENV: 'test',
        DATA_DIR: this.dataDir,
        DATABASE_URL: `sqlite:${join(this.dataDir, 'umbba.db')}`,
        LISTEN_ADDR: `127.0.0.1:${this.port}`,
        SITE_ROOT: SITE,
        ...this.settings,
      },
    });
    this.exited = new Promise((settle) => {
      this.process.once('close', () => settle());
      this.process.once('error', (error) => {
        this.lines += `${BINARY}: ${error.message}\n`;
        settle();
      });
    });
    for (const stream of [this.process.stdout!, this.process.stderr!]) {
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => (this.lines += chunk));
    }
    this.port = await this.listening(said);
  }

  /** Ends it as an operator would. Its folder stays, and its exit code must be 0. */
  async halt(): Promise<void> {
    await this.end();
    const { exitCode, signalCode } = this.process;
    if (exitCode !== 0) throw new Error(`the server ended with ${signalCode ?? exitCode}\n${this.lines.slice(-4000)}`);
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    try {
      await this.halt();
    } finally {
      await this.remove();
    }
  }

  private async end(): Promise<void> {
    const late = setTimeout(() => this.process.kill('SIGKILL'), STOP_MS);
    this.process.kill('SIGTERM');
    await this.exited;
    clearTimeout(late);
  }

  private async remove(): Promise<void> {
    await this.end();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  /** Reads the port from the line that the server prints when it listens. Output before `from` is not of this start. */
  private listening(from: number): Promise<string> {
    return new Promise((found, reject) => {
      const fail = (what: string) => reject(new Error(`${what}\n${this.lines}`));
      const timer = setTimeout(() => fail(`the server did not listen within ${START_MS / 1000} s`), START_MS);
      const look = () => {
        const line = this.lines.slice(from).match(/listening on http:\/\/127\.0\.0\.1:(\d+)/);
        if (!line) return;
        clearTimeout(timer);
        this.process.stdout!.off('data', look);
        found(line[1]);
      };
      this.process.stdout!.on('data', look);
      void this.exited.then(() => {
        clearTimeout(timer);
        fail('the server ended before it listened'); // without effect once the port is found
      });
    });
  }
}

type WorkerFixtures = { server: Server };
type TestFixtures = { clock: Clock; ownServer: Server; serverLog: void };

export const test = base.extend<TestFixtures, WorkerFixtures>({
  server: [
    async ({}, use) => {
      const server = await Server.start();
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: START_MS + STOP_MS },
  ],

  baseURL: async ({ server }, use) => use(server.url),

  clock: async ({ server }, use) => use(server.clock),

  /** A server for this test alone, which may stop it or use up its limits for this address. */
  ownServer: async ({}, use) => {
    const server = await Server.start();
    await use(server);
    await server.stop();
  },

  // The report of a failing test contains the output of the server.
  serverLog: [
    async ({ server }, use, testInfo) => {
      const before = server.log.length;
      await use();
      if (testInfo.status !== testInfo.expectedStatus) {
        await testInfo.attach('server.log', { body: server.log.slice(before), contentType: 'text/plain' });
      }
    },
    { auto: true },
  ],
});
