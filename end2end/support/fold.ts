import type { Page } from '@playwright/test';

/** Opens the fold of a settings page that has this heading. */
export const openFold = (page: Page, name: string) =>
  page
    .locator('details:not([open]) > summary')
    .filter({ has: page.getByRole('heading', { name, exact: true }) })
    .click();
