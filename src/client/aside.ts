// What a page says of the texts on this device: that something waits or went, and the texts put aside.
import { inTurn, mine, move, type StoredText } from './store.ts';

const SAID_MS = 10_000;

function show(name: 'waiting' | 'sent', isShown: boolean): void {
  for (const notice of document.querySelectorAll<HTMLElement>(`[data-notice=${name}]`)) notice.hidden = !isShown;
}

/** The news of it may draw this very page anew, before it is gone from here or after: the next page says so. */
export const noteWent = () => sessionStorage.setItem('went', String(Date.now()));

export const sayWent = () => show('sent', true);

let drawn: string | undefined;

/** The texts put aside, and that something waits where no field says so. */
export async function draw(): Promise<void> {
  const texts = await inTurn(mine);
  show(
    'waiting',
    texts.some(({ state, question }) => state === 'out' && !document.querySelector(`[data-answer="${question}"]`)),
  );
  const aside = texts.filter(({ state }) => state === 'aside');
  const now = aside.map(({ id }) => id).join();
  if (now === drawn) return;
  drawn = now;
  // Today's page has a place of its own, by the card.
  const places = [...document.querySelectorAll<HTMLElement>('[data-unsent]')];
  for (const place of places) place.hidden = true;
  const place = places.at(-1);
  if (!place) return;
  place.hidden = !aside.length;
  place.replaceChildren(...aside.map((text) => leaf(place.dataset, text)));
}

/** Where a browser does not let us copy, the text is selected for the person's own hand. */
export async function copy(shown: Element, button: Element, copied: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(shown.textContent ?? '');
    button.textContent = copied;
  } catch {
    getSelection()?.selectAllChildren(shown);
  }
}

function leaf(words: DOMStringMap, text: StoredText): HTMLElement {
  const article = document.createElement('article');
  const line = <Kind extends 'p' | 'button'>(
    kind: Kind,
    says: string | undefined,
    name: string,
  ): HTMLElementTagNameMap[Kind] => {
    const element = article.appendChild(document.createElement(kind));
    element.textContent = says ?? '';
    element.className = name;
    return element;
  };
  const reason = text.reason.charAt(0).toLowerCase() + text.reason.slice(1);
  line('p', words[reason] ?? words['other'], 'reason');
  const shown = line('p', text.text, 'answer-text');
  const button = line('button', words['copy'], 'button ghost');
  button.onclick = () => copy(shown, button, words['copied'] ?? '');
  line('button', words['drop'], 'button quiet').onclick = async () => {
    await inTurn(() => move(text));
    await draw();
  };
  return article;
}

export function start(): void {
  if (Date.now() - Number(sessionStorage.getItem('went')) < SAID_MS) show('sent', true);
}
