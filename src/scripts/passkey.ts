// `/passkey.js`: asks the device for a passkey (W3C Web Authentication Level 3), to sign in, to prove who is there, or
// to add one. The places it works on (`[data-passkey]`) are hidden until it knows that the browser has passkeys. The
// recovery code does the same without it.
const RENEW_MS = 4 * 60_000; // a challenge is good for five minutes

/** `PasskeyRequest` of `src/api/passkeys.rs`. */
interface Asked {
  readonly challenge: string;
  readonly rp_id: string;
  readonly allowed: [id: string, transports: string][];
}

/** `PasskeyCreation` of `src/api/passkeys.rs`. */
interface Making {
  readonly challenge: string;
  readonly rp_id: string;
  readonly brand: string;
  readonly user_handle: string;
  readonly user_name: string;
  readonly excluded: [id: string, transports: string][];
}

type Act = 'sign-in' | 'prove' | 'add';

/** A refusal of the server, by the name of its code (`src/api/error.rs`). */
class Refused extends Error {}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

function text(buffer: ArrayBuffer | null): string {
  if (!buffer) return '';
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Calls a server function. Throws `Refused` with its code. */
async function call(endpoint: string, fields: Record<string, string> = {}): Promise<Response> {
  const whose = document.documentElement.dataset.person ?? '';
  const answer = await fetch(`/api/${endpoint}`, {
    method: 'POST',
    body: new URLSearchParams({ ...fields, whose }),
    headers: { accept: 'application/json' },
  });
  if (!answer.ok) throw new Refused(String(await answer.json().catch(() => 'Broken')));
  return answer;
}

function credentials(list: [id: string, transports: string][]): PublicKeyCredentialDescriptor[] {
  return list.map(([id, transports]) => ({
    type: 'public-key',
    id: bytes(id),
    transports: transports.split(' ').filter(Boolean) as AuthenticatorTransport[],
  }));
}

/** Asks for a passkey and sends what it signed. Resolves to the page to go on with. */
async function use(begin: string, end: string, options: CredentialRequestOptions = {}): Promise<string> {
  const asked: Asked = await (await call(begin)).json();
  const found = (await navigator.credentials.get({
    ...options,
    publicKey: {
      challenge: bytes(asked.challenge),
      rpId: asked.rp_id,
      allowCredentials: credentials(asked.allowed),
      userVerification: 'required',
    },
  })) as PublicKeyCredential | null;
  if (!found) throw new Error('no passkey');
  const answer = found.response as AuthenticatorAssertionResponse;
  const done = await call(end, {
    credential_id: found.id,
    client_data: text(answer.clientDataJSON),
    authenticator_data: text(answer.authenticatorData),
    signature: text(answer.signature),
    user_handle: text(answer.userHandle),
  });
  return done.headers.get('location') ?? '/';
}

/** Makes a passkey and adds it to the account. Resolves to the page to go on with. */
async function make(): Promise<string> {
  const making: Making = await (await call('begin_passkey')).json();
  const made = (await navigator.credentials.create({
    publicKey: {
      challenge: bytes(making.challenge),
      rp: { id: making.rp_id, name: making.brand },
      user: { id: bytes(making.user_handle), name: making.user_name, displayName: making.user_name },
      pubKeyCredParams: [-8, -7, -257].map((alg) => ({ type: 'public-key', alg })),
      excludeCredentials: credentials(making.excluded),
      authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
      attestation: 'none',
    },
  })) as PublicKeyCredential | null;
  if (!made) throw new Error('no passkey');
  const answer = made.response as AuthenticatorAttestationResponse;
  const done = await call('add_passkey', {
    credential_id: made.id,
    client_data: text(answer.clientDataJSON),
    authenticator_data: text(answer.getAuthenticatorData()),
    public_key: text(answer.getPublicKey()),
    transports: answer.getTransports().join(' '),
  });
  return done.headers.get('location') ?? '/';
}

const ACTS: Record<Act, () => Promise<string>> = {
  'sign-in': () => use('begin_passkey_sign_in', 'sign_in_by_passkey'),
  prove: () => use('begin_passkey_proof', 'prove_by_passkey'),
  add: make,
};

/** Follows the server's redirect. The page of a form that was saved differs in its hash alone: it is loaded anew. */
function go(page: string): void {
  const before = location.href;
  location.assign(page);
  if (new URL(page, before).pathname === location.pathname) location.reload();
}

/** The sentence for what went wrong, or nothing when the person turned back. */
function sentence(error: unknown, place: HTMLElement): string | undefined {
  const says = place.dataset;
  // The page has a sentence for each code that it may get: `data-says-…`.
  if (error instanceof Refused) return says[`says${error.message}`] ?? says.failed;
  if (error instanceof DOMException && error.name === 'InvalidStateError') return says.held;
  return says.failed;
}

/** Ends the request that fills in the field by itself, because a browser runs one request at a time. */
let filling: AbortController | undefined;

function listen(place: HTMLElement): void {
  const act = ACTS[place.dataset.passkey as Act];
  const button = place.querySelector('button');
  const says = place.querySelector<HTMLElement>('[role=alert]');
  if (!act || !button || !says) return;
  place.hidden = false;
  button.addEventListener('click', async () => {
    filling?.abort();
    filling = undefined;
    says.hidden = true;
    button.disabled = true;
    try {
      go(await act());
    } catch (error) {
      says.textContent = sentence(error, place) ?? '';
      says.hidden = false;
      says.focus();
      button.disabled = false;
    }
  });
}

/** Offers the passkeys of the device among what the browser fills into the field (conditional mediation). */
async function fill(place: HTMLElement): Promise<void> {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  const running = new AbortController();
  filling = running;
  const renewal = setTimeout(() => running.abort(), RENEW_MS);
  try {
    const options: CredentialRequestOptions = { mediation: 'conditional', signal: running.signal };
    go(await use('begin_passkey_sign_in', 'sign_in_by_passkey', options));
  } catch (error) {
    const says = place.querySelector<HTMLElement>('[role=alert]');
    if (error instanceof Refused && says) {
      says.textContent = sentence(error, place) ?? '';
      says.hidden = false;
    }
    // Its challenge is too old. A press of the button has taken `filling` away.
    if (filling === running && running.signal.aborted) void fill(place);
  } finally {
    clearTimeout(renewal);
  }
}

if ('PublicKeyCredential' in window && 'getPublicKey' in AuthenticatorAttestationResponse.prototype) {
  for (const place of document.querySelectorAll<HTMLElement>('[data-passkey]')) listen(place);
  for (const none of document.querySelectorAll<HTMLElement>('[data-passkey-none]')) none.hidden = true;
  const signingIn = document.querySelector<HTMLElement>('[data-passkey="sign-in"]');
  if (signingIn) void fill(signingIn);
}
