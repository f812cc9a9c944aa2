// A proxy between browser and server that can hang: a request then gets neither an answer nor an error.
import { createServer, request, type Server as Http, type ServerResponse } from 'node:http';
import type { Server } from './server.ts';

export class Proxy {
  private isHanging = false;
  private hung: (() => void)[] = [];

  private constructor(
    readonly url: string,
    private readonly http: Http,
  ) {}

  static async before(server: Server): Promise<Proxy> {
    const http = createServer();
    await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
    const proxy = new Proxy(`http://localhost:${(http.address() as { port: number }).port}`, http);
    http.on('request', (asked, answer: ServerResponse) => {
      const go = () => {
        const { method, url, headers } = asked;
        const onward = request(new URL(url!, server.url), { method, headers }, (response) => {
          answer.writeHead(response.statusCode!, response.rawHeaders);
          response.pipe(answer);
        });
        onward.on('error', () => answer.destroy());
        answer.on('close', () => onward.destroy());
        asked.pipe(onward);
      };
      if (proxy.isHanging) proxy.hung.push(go);
      else go();
    });
    return proxy;
  }

  hang(): void {
    this.isHanging = true;
  }

  /** Lets everything that waits continue. */
  flow(): void {
    this.isHanging = false;
    for (const go of this.hung.splice(0)) go();
  }

  async stop(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((closed) => this.http.close(closed));
  }
}
