// Signing out. The texts that wait are sent first, those that cannot be sent are counted and shown, and then everything
// is removed from the device. The listener is added when the script loads, because a form that the browser posts by
// itself would lose the texts without a question.
import type { PageMessage } from '../worker/messages.ts';
import { copyText } from './aside.ts';
import { flush } from './send_queue.ts';
import { close, findMine, inTurn, me, transact } from './store.ts';

const WIPE_MS = 1_000; // a database that was just cleared may not open again

let isLeaving = false;

async function leave(event: SubmitEvent): Promise<void> {
  const form = event.target;
  if (!me || !(form instanceof HTMLFormElement) || !form.matches('[data-forget]')) return;
  event.preventDefault();
  if (isLeaving) return;
  isLeaving = true;
  // "Anyway" is a button of its own, so that a second tap on the first one loses nothing.
  await leaveWith(form, Boolean(event.submitter?.closest('[data-sure]'))).finally(() => (isLeaving = false));
}

async function leaveWith(form: HTMLFormElement, isSure: boolean): Promise<void> {
  const sure = form.querySelector<HTMLElement>('[data-sure]');
  const said = form.querySelector<HTMLElement>('[role=alert]');
  const shown = sure?.querySelector('.answer-text');
  const button = sure?.querySelector<HTMLButtonElement>('button[type=button]');
  if (!sure || !said || !shown || !button) throw new Error('the form for signing out is not whole');
  said.textContent = ''; // a screen reader says the same sentence again only if it was gone in between
  // The answers that are sent now come back as events. The page does not load itself again on one after an `input`.
  form.dispatchEvent(new Event('input', { bubbles: true }));
  await flush();
  const left = await inTurn(findMine);
  if (left.length && !isSure) {
    said.textContent = (said.dataset['left'] ?? '').replace('{count}', String(left.length));
    shown.textContent = left.map(({ text }) => text).join('\n\n');
    sure.hidden = false;
    button.onclick = () => copyText(shown, button, sure.dataset['copied'] ?? '');
    button.focus();
    return;
  }
  await close();
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === 'string') body.append(name, value);
  const response = await fetch(form.action, { method: 'POST', body, headers: { accept: 'application/json' } }).catch(
    () => undefined,
  );
  // Another person has signed in meanwhile: their texts and their session stay.
  if ((response?.headers.get('x-whose') ?? 'nobody') !== 'nobody') return location.assign('/');
  if (!response?.ok && response?.status !== 401) {
    said.textContent = said.dataset['failed'] ?? '';
    return;
  }
  // The answer carries `Clear-Site-Data`, which not every browser follows.
  const wiped = transact('readwrite', (store) => left.forEach(({ id }) => store.delete(id)));
  await Promise.race([wiped, new Promise((settle) => setTimeout(settle, WIPE_MS))]);
  localStorage.clear();
  sessionStorage.clear();
  void navigator.clearAppBadge?.();
  const forget: PageMessage = { act: 'forget' };
  navigator.serviceWorker?.controller?.postMessage(forget);
  location.assign('/');
}

document.addEventListener('submit', (event) => void leave(event));
