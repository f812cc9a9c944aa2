// The real binary, one for each worker, with its own folder, port and clock. Specs import `test` and `expect` from here.
import { test as base } from '@playwright/test';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Clock } from './clock.ts';

export { expect } from '@playwright/test';

const ROOT = resolve(import.meta.dirname, '../..');
const BINARY = process.env.UMBBA_BIN || join(ROOT, 'target/debug/umbba');
const START_MS = 30_000;
const STOP_MS = 15_000; // the promise is 10 s with streams open

export class Server {
  private process: ChildProcess;
  private exited: Promise<void>;
  private lines = '';

  private constructor(readonly dataDir: string) {
    // Nothing is inherited that could lead to another database or address.
    this.process = spawn(BINARY, ['serve'], {
      cwd: dataDir,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        RUST_BACKTRACE: '1',
        ...(process.env.RUST_LOG && { RUST_LOG: process.env.RUST_LOG }),
        APP_ENV: 'test',
        DATA_DIR: dataDir,
        DATABASE_URL: `sqlite:${join(dataDir, 'umbba.db')}`,
        LISTEN_ADDR: '127.0.0.1:0',
        SITE_ROOT: join(ROOT, 'target/site'),
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
  }

  /** Where the pages are: `localhost`, as only there a `Secure` cookie is kept on http. */
  url = '';

  /** All the server has said so far. */
  get log(): string {
    return this.lines;
  }

  static async start(): Promise<Server> {
    const server = new Server(await mkdtemp(join(tmpdir(), 'umbba-e2e-')));
    try {
      server.url = `http://localhost:${await server.port()}`;
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Asks it to end, as an operator would, and removes its folder. Its exit code must be 0. */
  async stop(): Promise<void> {
    const late = setTimeout(() => this.process.kill('SIGKILL'), STOP_MS);
    this.process.kill('SIGTERM');
    await this.exited;
    clearTimeout(late);
    await rm(this.dataDir, { recursive: true, force: true });
    const { exitCode, signalCode } = this.process;
    if (this.url && exitCode !== 0) throw new Error(`the server ended with ${signalCode ?? exitCode}\n${this.lines.slice(-4000)}`);
  }

  /** Reads the port from the line the server prints once it listens. */
  private port(): Promise<string> {
    return new Promise((found, reject) => {
      const fail = (what: string) => reject(new Error(`${what}\n${this.lines}`));
      const timer = setTimeout(() => fail(`the server did not listen within ${START_MS / 1000} s`), START_MS);
      const look = () => {
        const line = this.lines.match(/listening on http:\/\/127\.0\.0\.1:(\d+)/);
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
type TestFixtures = { clock: Clock; serverLog: void };

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

  clock: async ({ server }, use) => use(new Clock(join(server.dataDir, 'control.sock'))),

  // A failing test brings what the server said meanwhile.
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
