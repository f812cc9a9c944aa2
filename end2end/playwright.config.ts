import { defineConfig } from '@playwright/test';

import { chromium } from './support/chromium.ts';

const phone = { width: 390, height: 844 };

export default defineConfig({
  testDir: 'tests',
  fullyParallel: false, // the tests of one file share a server and its clock
  workers: 2,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  // A test whose code blocks is not ended by its own limit: this ends the run.
  globalTimeout: 2_400_000,
  expect: { timeout: 15_000 },
  reporter: [['list'], ['json', { outputFile: '../target/test/playwright.json' }]],
  use: {
    locale: 'ko-KR',
    timezoneId: 'Asia/Seoul',
    viewport: phone,
    serviceWorkers: 'allow',
    screenshot: 'only-on-failure',
    // Recording the screen all the time takes a tenth of the time of the tests.
    trace: { mode: 'retain-on-failure', screenshots: false },
    launchOptions: chromium,
  },
  projects: [
    { name: 'journeys', testMatch: '**/*.spec.ts', testIgnore: '**/no-script/**' },
    { name: 'no-script', testMatch: '**/no-script/**/*.spec.ts', use: { javaScriptEnabled: false } },
  ],
});
