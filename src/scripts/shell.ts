// `/shell.js`: the bridge between a page and the native shell whose WebView shows it (`docs/SHELL.md`). The server adds
// this script only for a `User-Agent` with `UmbbaShell/`. The shell injects `window.umbbaShell` before the scripts of
// the page run. It may be of an earlier or a later release than the page: a method may be missing, may throw, and may
// return anything.

/** The methods of `window.umbbaShell`. Each may return its value, the value as JSON, or a promise of either. */
type Method = 'registration' | 'badge' | 'signedOut';

/** Where the shell gets its pushes: the fields of `register_device` (`src/api/devices.rs`). */
interface Registration {
  readonly provider: string;
  readonly address: string;
  readonly kind: string;
  readonly environment: string;
}

const { dataset } = document.documentElement;
/** The last registration that the server took or refused. It is not sent again on this page. */
let settled = '';
/** The number of the last attempt. A later attempt replaces one that still waits for the shell. */
let attempts = 0;
/** The server was not reached, or could not answer. */
let isWaiting = false;

/** Calls a method of the shell. Returns `undefined` when there is none, or when it fails. */
async function call(method: Method, ...values: number[]): Promise<unknown> {
  try {
    const shell: unknown = Reflect.get(window, 'umbbaShell');
    const found: unknown = Object(shell)[method];
    // Android refuses a call of an injected method without its object.
    return typeof found === 'function' ? await found.apply(shell, values) : undefined;
  } catch (error) {
    console.warn(error);
    return undefined;
  }
}

/** Reads what the shell returned. `undefined`: it has no registration, or none that can be used. */
function read(value: unknown): Registration | undefined {
  const fields = typeof value === 'string' ? parse(value) : value;
  const text = (name: keyof Registration): string => {
    const found: unknown = Object(fields)[name];
    return typeof found === 'string' ? found : '';
  };
  const [provider, address] = [text('provider'), text('address')];
  return provider && address ? { provider, address, kind: text('kind'), environment: text('environment') } : undefined;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Sends the shell's registration to the server, which does nothing when it has it already. */
async function register(): Promise<void> {
  const attempt = ++attempts;
  const registration = read(await call('registration'));
  if (!registration || attempt !== attempts) return;
  const body = new URLSearchParams({ ...registration }).toString();
  if (body === settled) return;
  isWaiting = false;
  const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
  // `keepalive`: the person may be on the way to the next page.
  const post = fetch('/api/register_device', { method: 'POST', body, headers, keepalive: true });
  const status = await post.then(
    (answer) => answer.status,
    () => 0,
  );
  if (attempt !== attempts) return;
  if (status === 401) {
    // The session ended while the page was open. Only a page that is loaded anew can say who is signed in now.
    await call('signedOut');
  } else if (status === 0 || status === 408 || status === 429 || status >= 500) {
    isWaiting = true;
  } else {
    settled = body; // taken, or refused for good
  }
}

const registerIfWaiting = () => isWaiting && document.visibilityState === 'visible' && void register();

/** Tells the shell the number of unread entries, now and whenever it changes in the header (`UnreadCount`). */
function tellBadge(): void {
  const bell = document.querySelector('[data-unread]')?.closest('a');
  if (!bell) return;
  const tell = () => {
    const count = bell.querySelector<HTMLElement>('[data-unread]');
    const unread = count?.hidden ? 0 : Number(count?.textContent || NaN);
    if (Number.isSafeInteger(unread)) void call('badge', unread);
  };
  new MutationObserver(tell).observe(bell, { attributes: true, characterData: true, childList: true, subtree: true });
  // A stored copy of a page has an old count. It has no cursor of the feed either.
  if ('asOf' in dataset) tell();
}

if (dataset['person']) {
  void register();
  addEventListener('umbbashellregistration', () => void register());
  addEventListener('online', registerIfWaiting);
  document.addEventListener('visibilitychange', registerIfWaiting);
  // An `async` script may run before the header is parsed.
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', tellBadge);
  else tellBadge();
} else {
  // Nobody is signed in, or the session was revoked: the shell removes what it has of the person.
  void call('signedOut');
}
