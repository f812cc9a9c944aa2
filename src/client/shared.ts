// A text that another app shared. The page `/share` shows it once more, and the person chooses a day for it. Until a
// draft has it, it is kept for this tab, this person and the chosen pair. The listeners are added when the script
// loads, because the page works before the WebAssembly has started.
import { me } from './store.ts';

const KEY = 'shared';
const FIELD = 'textarea[data-shared]';

/** The form for an answer to this question, if this page has one. */
export const formFor = (question: string) => document.querySelector(`[data-answer="${question}"]`);

/** The form that takes a shared text: the one for today's question, not one of the shelf. */
export const firstForm = () => document.querySelector('[data-answer]:not(.later *)');

// The service worker leads here with the text behind the `#`, so that it is there again after a reload. The manifest of
// an app that was installed earlier puts it behind a `?`.
const field = document.querySelector<HTMLTextAreaElement>(FIELD);
const given = location.hash.slice(1) || location.search.slice(1);
if (field && given) {
  const fields = new URLSearchParams(given);
  const parts = ['title', 'text', 'url'].map((name) => fields.get(name)?.trim());
  field.value = parts.filter(Boolean).join('\n');
}

interface Shared {
  readonly person?: string;
  readonly pair?: string;
  readonly text?: string;
}

/** The text that waits for a draft of this pair; empty if there is none. */
export function sharedInto(pair: string): string {
  const shared = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Shared | null;
  return shared?.person === me && shared?.pair === pair ? (shared.text ?? '') : '';
}

export const forgetShared = () => sessionStorage.removeItem(KEY);

document.addEventListener('click', ({ target }) => {
  const link = target instanceof Element ? target.closest<HTMLAnchorElement>('a[data-share-into]') : null;
  const field = document.querySelector<HTMLTextAreaElement>(FIELD);
  if (!link || !field) return;
  const [, , pair] = link.pathname.split('/');
  sessionStorage.setItem(KEY, JSON.stringify({ person: me, pair, text: field.value }));
});
