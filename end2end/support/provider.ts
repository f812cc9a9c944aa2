// A certified OpenID Connect provider on this machine (npm oidc-provider), with its own pages to sign in at.
import { createServer, type RequestListener } from 'node:http';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import Provider from 'oidc-provider';
import { Server } from './server.ts';

const CLIENT = 'family';
const SECRET = 'a secret of the tests';

export class Accounts {
  private constructor(
    readonly server: Server,
    readonly issuer: string,
    readonly stop: () => Promise<void>,
  ) {}

  /** Starts the provider, and the app with its entry in `oidc.toml`. */
  static async start(): Promise<Accounts> {
    let answer: RequestListener = (_request, response) => response.writeHead(503).end();
    const http = createServer((request, response) => answer(request, response));
    await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
    const host = `127.0.0.1:${(http.address() as AddressInfo).port}`;
    const server = await Server.start({ PUSH_EXTRA_HOSTS: host });
    const provider = new Provider(`http://${host}`, {
      clients: [
        {
          client_id: CLIENT,
          client_secret: SECRET,
          redirect_uris: [`${server.url}/signin/with/club/callback`],
          grant_types: ['authorization_code'],
          response_types: ['code'],
        },
      ],
      pkce: { required: () => true },
    });
    answer = provider.callback();
    const entry = [
      '[[provider]]',
      'id = "club"',
      'name = "모임"',
      `issuer = "http://${host}"`,
      `client_id = "${CLIENT}"`,
      `client_secret = "${SECRET}"`,
    ];
    await writeFile(join(server.dataDir, 'oidc.toml'), `${entry.join('\n')}\n`, { mode: 0o600 });
    await server.halt();
    await server.resume();
    return new Accounts(server, `http://${host}`, async () => {
      await server.stop();
      http.closeAllConnections();
      await new Promise((closed) => http.close(closed));
    });
  }

  /** Signs in at the provider's own pages and agrees there. */
  async agree(page: Page, account: string): Promise<void> {
    await page.waitForURL(`${this.issuer}/**`);
    await page.locator('input[name=login]').fill(account);
    await page.locator('input[name=password]').fill('any');
    await page.locator('button[type=submit]').click();
    await page.locator('button[type=submit]').click();
  }
}
