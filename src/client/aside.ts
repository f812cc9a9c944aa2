// What a page says about the texts on this device: the texts put aside, that an answer waits, and that one was sent.
// The server renders the places and the sentences (`src/components/unsent.rs`, `src/components/tab_notices.rs`).
import { formFor } from './shared.ts';
import { findMine, inTurn, replace, type StoredText } from './store.ts';

const SENT_MS = 10_000; // for this long the next page says that an answer was sent
const SENT_AT = 'went';

/** The ids of the texts put aside that are shown. */
let shownIds: string | undefined;

function toggle(name: 'waiting' | 'sent', isShown: boolean): void {
  for (const notice of document.querySelectorAll<HTMLElement>(`[data-notice=${name}]`)) notice.hidden = !isShown;
}

/** Lets the next page say that an answer was sent, because the event about it may load this page again first. */
export const noteSent = () => sessionStorage.setItem(SENT_AT, String(Date.now()));

/** Says on this page that an answer was sent. */
export const saySent = () => toggle('sent', true);

/** Says it on this page when the page before could not. */
export function rememberSent(): void {
  if (Date.now() - Number(sessionStorage.getItem(SENT_AT)) < SENT_MS) saySent();
}

/** Shows the texts put aside, and that an answer waits for which this page has no field. */
export async function show(): Promise<void> {
  const texts = await inTurn(findMine);
  toggle(
    'waiting',
    texts.some(({ state, question }) => state === 'out' && !formFor(question)),
  );
  const aside = texts.filter(({ state }) => state === 'aside');
  const ids = aside.map(({ id }) => id).join();
  // Drawing the list again would take the focus from its buttons.
  if (ids === shownIds) return;
  shownIds = ids;
  // Today's page has a place of its own beside the card, after the one that every page has.
  const places = [...document.querySelectorAll<HTMLElement>('[data-unsent]')];
  for (const place of places) place.hidden = true;
  const place = places.at(-1);
  if (!place) return;
  place.hidden = !aside.length;
  place.replaceChildren(...aside.map((text) => articleOf(text, place.dataset)));
}

/** A text with its reason and its buttons. `words`: the sentences by their names, a reason's by the reason. */
function articleOf(text: StoredText, words: DOMStringMap): HTMLElement {
  const article = document.createElement('article');
  const add = <Tag extends 'p' | 'button'>(tag: Tag, sentence: string | undefined, className: string) => {
    const element = article.appendChild(document.createElement(tag));
    element.textContent = sentence ?? '';
    element.className = className;
    return element;
  };
  const reason = text.reason.charAt(0).toLowerCase() + text.reason.slice(1);
  add('p', words[reason] ?? words['other'], 'reason');
  const shown = add('p', text.text, 'answer-text');
  const copy = add('button', words['copy'], 'button ghost');
  copy.onclick = () => copyText(shown, copy, words['copied'] ?? '');
  add('button', words['drop'], 'button quiet').onclick = async () => {
    await inTurn(() => replace(text));
    await show();
  };
  return article;
}

/** Copies a text that is shown. Where the browser refuses, the text is selected, for the person to copy by hand. */
export async function copyText(shown: Element, button: Element, copied: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(shown.textContent ?? '');
    button.textContent = copied;
  } catch {
    getSelection()?.selectAllChildren(shown);
  }
}
