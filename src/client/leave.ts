// Signing out: what waits is sent, what cannot be sent is counted and shown, and then nothing stays on the device. It listens
// as soon as the script is here: a form posted by the browser itself would ask nobody.
import type { PageMessage } from '../worker/messages.ts';
import { copy } from './aside.ts';
import { flush } from './outbox.ts';
import { act, close, inTurn, me, mine } from './store.ts';

const WIPE_MS = 1_000; // a store just cleared may not open again

let isLeaving = false;

async function leave(event: SubmitEvent): Promise<void> {
  const form = event.target;
  if (!me || !(form instanceof HTMLFormElement) || !form.matches('[data-forget]')) return;
  event.preventDefault();
  if (isLeaving) return;
  isLeaving = true;
  // "Anyway" is a button of its own: a second tap on the first one loses nothing.
  await leaveWith(form, Boolean(event.submitter?.closest('[data-sure]'))).finally(() => (isLeaving = false));
}

async function leaveWith(form: HTMLFormElement, isSure: boolean): Promise<void> {
  const sure = form.querySelector<HTMLElement>('[data-sure]');
  const said = form.querySelector<HTMLElement>('[role=alert]');
  const shown = sure?.querySelector('.answer-text');
  const button = sure?.querySelector<HTMLButtonElement>('button[type=button]');
  if (!sure || !said || !shown || !button) throw new Error('the form for signing out is not whole');
  said.textContent = ''; // the same sentence is only heard again when it was gone in between
  // What is sent now comes back as news; as if somebody typed, the page is not drawn anew for it.
  form.dispatchEvent(new Event('input', { bubbles: true }));
  await flush();
  const left = await inTurn(mine);
  if (left.length && !isSure) {
    said.textContent = (said.dataset['left'] ?? '').replace('{count}', String(left.length));
    shown.textContent = left.map(({ text }) => text).join('\n\n');
    sure.hidden = false;
    button.onclick = () => copy(shown, button, sure.dataset['copied'] ?? '');
    button.focus();
    return;
  }
  await close();
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === 'string') body.append(name, value);
  const response = await fetch(form.action, { method: 'POST', body, headers: { accept: 'application/json' } }).catch(
    () => undefined,
  );
  // Somebody else is here now: what they have on this device is theirs, and they stay.
  if ((response?.headers.get('x-whose') ?? 'nobody') !== 'nobody') return location.assign('/');
  if (!response?.ok && response?.status !== 401) {
    said.textContent = said.dataset['failed'] ?? '';
    return;
  }
  // The answer asked the browser to forget all this (Clear-Site-Data); not every browser does.
  const wiped = act('readwrite', (store) => left.forEach(({ id }) => store.delete(id)));
  await Promise.race([wiped, new Promise((settle) => setTimeout(settle, WIPE_MS))]);
  localStorage.clear();
  sessionStorage.clear();
  void navigator.clearAppBadge?.();
  const forget: PageMessage = { act: 'forget' };
  navigator.serviceWorker?.controller?.postMessage(forget);
  location.assign('/');
}

document.addEventListener('submit', (event) => void leave(event));
