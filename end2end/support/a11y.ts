import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

const WCAG_2_2_AA = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa'];

/**
 * Fails on serious and critical findings of WCAG 2.2 A and AA, each with its rule, its elements and what to change.
 * axe is a script, so in the no-script project it would wait for ever.
 */
export async function expectAccessible(page: Page): Promise<void> {
  // "Legacy" only means that no second page is opened to gather the findings of frames: there are none here.
  const { violations } = await new AxeBuilder({ page }).withTags(WCAG_2_2_AA).setLegacyMode().analyze();
  const findings = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, impact, help, nodes }) =>
      [
        `${impact} ${id}: ${help}`,
        ...nodes.map(
          ({ target, failureSummary }) => `  ${target.join(' ')}\n    ${failureSummary?.replace(/\n\s*/g, '\n      ')}`,
        ),
      ].join('\n'),
    );
  if (findings.length > 0) throw new Error(`${page.url()} has serious accessibility findings:\n${findings.join('\n')}`);
}

/** Checks by day and by dusk. Motion is off, because a colour in the middle of a fade may fail. */
export async function expectAccessibleByDayAndDusk(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await expectAccessible(page);
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
}
