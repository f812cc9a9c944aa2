// A real nginx in front of the server, with settings that some have and that hinder streams.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Server } from './server.ts';

const NGINX = process.env.NGINX || '/usr/sbin/nginx';
const START_MS = 10_000;

/** A free port. If another process takes it before nginx does, the test fails. */
function freePort(): Promise<number> {
  return new Promise((found, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => found(port));
    });
  });
}

export class Nginx {
  private constructor(
    readonly url: string,
    private readonly folder: string,
    private readonly process: ChildProcess,
    private readonly exited: Promise<void>,
  ) {}

  /** `how`: more lines for the location. */
  static async before(server: Server, how: string): Promise<Nginx> {
    const [folder, port] = [await mkdtemp(join(tmpdir(), 'umbba-nginx-')), await freePort()];
    const user = userInfo().uid === 0 ? 'user root;' : '';
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${folder}/${name};`)
      .join(' ');
    const upstream = new URL(server.url).port;
    await writeFile(
      join(folder, 'nginx.conf'),
      `${user} worker_processes 1; daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
       events { worker_connections 256; }
       http { access_log off; ${temp}
         server { listen 127.0.0.1:${port};
           location / { proxy_pass http://127.0.0.1:${upstream}; proxy_http_version 1.1;
             proxy_set_header Host $http_host; proxy_set_header Connection ""; ${how} } } }`,
    );
    const process = spawn(NGINX, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
    const exited = new Promise<void>((settle) => {
      process.once('close', () => settle());
      process.once('error', () => settle());
    });
    const nginx = new Nginx(`http://localhost:${port}`, folder, process, exited);
    const until = Date.now() + START_MS;
    while (
      !(await fetch(`${nginx.url}/livez`).then(
        ({ ok }) => ok,
        () => false,
      ))
    ) {
      if (Date.now() > until || process.exitCode !== null) {
        await nginx.stop();
        throw new Error('nginx did not start: install the Debian package nginx-light, or set NGINX');
      }
      await new Promise((next) => setTimeout(next, 50));
    }
    return nginx;
  }

  async stop(): Promise<void> {
    this.process.kill('SIGTERM');
    await this.exited;
    await rm(this.folder, { recursive: true, force: true });
  }
}
