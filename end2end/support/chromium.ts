// The two builds of Chromium that the tests run on.
import { existsSync } from 'node:fs';

/** The whole browser. Only it subscribes to push and shows notifications. */
const whole = process.env.CHROMIUM || '/usr/bin/chromium';

/** Without windows: the same engine, and the tests take half as long. */
const shell = '/usr/bin/chromium-headless-shell';

const launch = (executablePath: string) => ({
  executablePath,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
  ],
});

export const wholeChromium = launch(whole);
export const chromium = process.env.CHROMIUM || !existsSync(shell) ? wholeChromium : launch(shell);
