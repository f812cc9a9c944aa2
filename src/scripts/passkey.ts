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

/** Asks the server for a challenge. Throws `Refused` with its code. */
async function ask<T>(url: string): Promise<T> {
  const whose = document.documentElement.dataset.person ?? '';
  const answer = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams({ whose }),
    headers: { accept: 'application/json' },
  });
  if (!answer.ok) throw new Refused(String(await answer.json().catch(() => '')));
  return answer.json();
}

function credentials(list: [id: string, transports: string][]): PublicKeyCredentialDescriptor[] {
  return list.map(([id, transports]) => ({
    type: 'public-key',
    id: bytes(id),
    transports: transports.split(' ').filter(Boolean) as AuthenticatorTransport[],
  }));
}

/** The fields of a form, by name. */
type Fields = Record<string, string>;

/** Asks the device to sign the challenge with a passkey. */
async function use(url: string, options: CredentialRequestOptions = {}): Promise<Fields> {
  const asked = await ask<Asked>(url);
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
  return {
    credential_id: found.id,
    client_data: text(answer.clientDataJSON),
    authenticator_data: text(answer.authenticatorData),
    signature: text(answer.signature),
    user_handle: text(answer.userHandle),
  };
}

/** Has the device make a passkey. */
async function make(url: string): Promise<Fields> {
  const making = await ask<Making>(url);
  const made = (await navigator.credentials.create({
    publicKey: {
      challenge: bytes(making.challenge),
      rp: { id: making.rp_id, name: making.brand },
      user: { id: bytes(making.user_handle), name: making.user_name, displayName: making.user_name },
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: 'public-key', alg })),
      excludeCredentials: credentials(making.excluded),
      authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
      attestation: 'none',
    },
  })) as PublicKeyCredential | null;
  if (!made) throw new Error('no passkey');
  const answer = made.response as AuthenticatorAttestationResponse;
  return {
    credential_id: made.id,
    client_data: text(answer.clientDataJSON),
    authenticator_data: text(answer.getAuthenticatorData()),
    public_key: text(answer.getPublicKey()),
    transports: answer.getTransports().join(' '),
  };
}

/** Posts the form with what the device has answered. The server's answer is a page. */
function post(form: HTMLFormElement, fields: Fields): void {
  for (const [name, value] of Object.entries(fields)) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement) field.value = value;
  }
  form.requestSubmit();
}

/** The sentence for what went wrong. */
function sentence(error: unknown, place: HTMLElement): string | undefined {
  const says = place.dataset;
  // The page has a sentence for each code that it may get: `data-says-…`.
  if (error instanceof Refused) return says[`says${error.message}`] ?? says.failed;
  if (error instanceof DOMException && error.name === 'InvalidStateError') return says.held;
  return says.failed;
}

/** Ends the request that waits for the field, because a browser runs one request at a time. */
let filling: AbortController | undefined;

function listen(place: HTMLElement): void {
  const [form, url] = [place.querySelector('form'), place.dataset.passkey];
  const [button, says] = [place.querySelector('button'), place.querySelector<HTMLElement>('[role=alert][hidden]')];
  if (!form || !url || !button || !says) return;
  place.hidden = false;
  const isAnswered = () => new FormData(form).get('credential_id') !== '';
  form.addEventListener('submit', async (event) => {
    if (isAnswered()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    filling?.abort();
    filling = undefined;
    says.hidden = true;
    button.disabled = true;
    try {
      post(form, await ('public_key' in form.elements ? make(url) : use(url)));
    } catch (error) {
      says.textContent = sentence(error, place) ?? '';
      says.hidden = false;
      says.focus();
    } finally {
      button.disabled = false;
    }
  });
  // A page that comes back from the browser's memory holds the answer to an old challenge.
  window.addEventListener('pageshow', (event) => event.persisted && location.reload());
}

/** Offers the passkeys of the device among what the browser fills into the field (conditional mediation). */
async function fill(place: HTMLElement): Promise<void> {
  const [form, url] = [place.querySelector('form'), place.dataset.passkey];
  if (!form || !url || !(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  const running = new AbortController();
  filling = running;
  const renewal = setTimeout(() => running.abort(), RENEW_MS);
  try {
    post(form, await use(url, { mediation: 'conditional', signal: running.signal }));
  } catch {
    // Its challenge is too old. A press of the button has taken `filling` away.
    if (filling === running && running.signal.aborted) void fill(place);
  } finally {
    clearTimeout(renewal);
  }
}

/** Web Authentication Level 3, §5.1.10. */
interface Signals {
  signalUnknownCredential?(options: { rpId: string; credentialId: string }): Promise<void>;
  signalAllAcceptedCredentials?(options: {
    rpId: string;
    userId: string;
    allAcceptedCredentialIds: string[];
  }): Promise<void>;
}

/** Tells the browser which passkeys sign this person in, so that it no longer offers one that was removed. */
function signal({ accepted, of, at }: DOMStringMap): void {
  const options = {
    rpId: at ?? '',
    userId: of ?? '',
    allAcceptedCredentialIds: (accepted ?? '').split(' ').filter(Boolean),
  };
  // Where the browser cannot do it, it goes on to offer the passkey, which then is refused.
  (PublicKeyCredential as Signals).signalAllAcceptedCredentials?.(options).catch(() => undefined);
}

/** Tells the browser that the server does not know the passkey of the sign-in before: it is no longer offered. */
function forget(credentialId: string): void {
  // The server's RP ID is its host.
  const options = { rpId: location.hostname, credentialId };
  (PublicKeyCredential as Signals).signalUnknownCredential?.(options).catch(() => undefined);
}

if ('PublicKeyCredential' in window && 'getPublicKey' in AuthenticatorAttestationResponse.prototype) {
  for (const place of document.querySelectorAll<HTMLElement>('[data-passkey]')) listen(place);
  for (const none of document.querySelectorAll<HTMLElement>('[data-passkey-none]')) none.hidden = true;
  const accepted = document.querySelector<HTMLElement>('[data-accepted]');
  if (accepted) signal(accepted.dataset);
  const unknown = document.querySelector<HTMLElement>('[data-unknown]');
  if (unknown?.dataset.unknown) forget(unknown.dataset.unknown);
  const field = document.querySelector('[autocomplete~=webauthn]');
  const signingIn = document.querySelector<HTMLElement>('[data-passkey]');
  if (field && signingIn) void fill(signingIn);
}
