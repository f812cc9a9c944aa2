// Text from another app on its way from the page that shows it once more to the draft of the day it was meant for. It is
// kept for this tab, this person and that pair alone, until a draft has it. It listens as soon as the script is here.
import { me } from './store.ts';

const SHARED = 'shared';

/** Where it goes: the first field for an answer to today's question, none of the shelf. */
export const fieldOf = () => document.querySelector('[data-answer]:not(.later *)');

/** The worker's way here: the text stands behind the `#`, and is there again when the page is drawn anew. (An app that was
 * installed before puts it behind a `?`.) */
const shown = document.querySelector<HTMLTextAreaElement>('textarea[data-shared]');
const given = location.hash.slice(1) || location.search.slice(1);
if (shown && given) {
  const fields = new URLSearchParams(given);
  const parts = ['title', 'text', 'url'].map((name) => fields.get(name)?.trim());
  shown.value = parts.filter(Boolean).join('\n');
}

interface Shared {
  readonly person?: string;
  readonly pair?: string;
  readonly text?: string;
}

export function sharedInto(pair: string): string {
  const shared = JSON.parse(sessionStorage.getItem(SHARED) ?? 'null') as Shared | null;
  return shared?.person === me && shared?.pair === pair ? (shared.text ?? '') : '';
}

export const forgetShared = () => sessionStorage.removeItem(SHARED);

document.addEventListener('click', ({ target }) => {
  const link = target instanceof Element ? target.closest<HTMLAnchorElement>('a[data-share-into]') : null;
  const field = document.querySelector<HTMLTextAreaElement>('textarea[data-shared]');
  if (!link || !field) return;
  const [, , pair] = link.pathname.split('/');
  sessionStorage.setItem(SHARED, JSON.stringify({ person: me, pair, text: field.value }));
});
