// Makes passkeys and uses of them, good and spoilt, with keys of Node, and has npm `@simplewebauthn/server` judge each.
//
//     node end2end/interop/passkeys.mjs > cases.json   a list of cases, each with the `verdict`

import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server';
import { isoCBOR } from '@simplewebauthn/server/helpers';

const SITE = { origin: 'https://family.example', rpId: 'family.example' };
const [UP, UV, BE, BS, AT] = [1, 4, 8, 16, 64];

const KINDS = {
  ES256: {
    pair: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    cose: ({ x, y }) => [[1, 2], [3, -7], [-1, 1], [-2, bytes(x)], [-3, bytes(y)]], // prettier-ignore
    hash: 'sha256',
  },
  RS256: {
    pair: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    cose: ({ n, e }) => [[1, 3], [3, -257], [-1, bytes(n)], [-2, bytes(e)]], // prettier-ignore
    hash: 'sha256',
  },
  EdDSA: {
    pair: () => generateKeyPairSync('ed25519'),
    cose: ({ x }) => [[1, 1], [3, -8], [-1, 6], [-2, bytes(x)]], // prettier-ignore
    hash: null,
  },
};

const bytes = (base64url) => new Uint8Array(Buffer.from(base64url, 'base64url'));
const text = (buffer) => Buffer.from(buffer).toString('base64url');
const sha256 = (data) => createHash('sha256').update(data).digest();

/** What is changed of a good ceremony. */
const SPOILT = {
  good: {},
  challenge: { challenge: text(Buffer.from('another challenge')) },
  origin: { origin: 'https://family.example.evil' },
  scheme: { origin: 'http://family.example' },
  'rp id': { rpId: 'example' },
  type: { type: 'payment.get' },
  'no presence': { flags: UV | BE | BS },
  'no verification': { flags: UP | BE | BS },
  'no backup': { flags: UP | UV, isGood: true },
  'not yet backed up': { flags: UP | UV | BE, isGood: true },
  'backed up and not eligible': { flags: UP | UV | BS },
  'cut short': { length: 36 },
  signature: { other: true, of: 'get' },
  'a byte of the signature': { flip: true, of: 'get' },
};

function clientData(type, challenge, change) {
  const data = {
    type: change.type ?? type,
    challenge: change.challenge ?? challenge,
    origin: change.origin ?? SITE.origin,
  };
  return Buffer.from(JSON.stringify({ ...data, crossOrigin: false }));
}

function authenticatorData(flags, change, credential = Buffer.alloc(0)) {
  const count = Buffer.from([0, 0, 0, 5]);
  const head = [sha256(change.rpId ?? SITE.rpId), Buffer.from([(change.flags ?? UP | UV | BE | BS) | flags]), count];
  const data = Buffer.concat([...head, credential]);
  return data.subarray(0, change.length);
}

async function judge(verify) {
  try {
    return (await verify()).verified;
  } catch {
    return false;
  }
}

async function make(algorithm, { name, change }) {
  const { pair, cose } = KINDS[algorithm];
  const { publicKey } = pair();
  const id = randomBytes(20);
  const key = Buffer.from(isoCBOR.encode(new Map(cose(publicKey.export({ format: 'jwk' })))));
  const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, id.length]), id, key]);
  const challenge = text(randomBytes(40));
  const client = clientData('webauthn.create', challenge, change);
  const data = authenticatorData(AT, change, attested);
  const attestation = Buffer.from(
    isoCBOR.encode(
      new Map([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', new Uint8Array(data)],
      ]),
    ),
  );
  const response = { clientDataJSON: text(client), attestationObject: text(attestation), transports: ['internal'] };
  const credential = { id: text(id), rawId: text(id), type: 'public-key', clientExtensionResults: {}, response };
  const verdict = await judge(() =>
    verifyRegistrationResponse({
      response: credential,
      expectedChallenge: challenge,
      expectedOrigin: SITE.origin,
      expectedRPID: SITE.rpId,
      supportedAlgorithmIDs: [-7, -8, -257],
    }),
  );
  return {
    ceremony: 'create',
    name: `${algorithm}, ${name}`,
    challenge,
    credential_id: text(id),
    client_data: text(client),
    authenticator_data: text(data),
    attestation: text(attestation),
    public_key: text(publicKey.export({ format: 'der', type: 'spki' })),
    verdict,
  };
}

async function use(algorithm, { name, change }) {
  const { pair, cose, hash } = KINDS[algorithm];
  const { publicKey, privateKey } = pair();
  const signer = change.other ? pair().privateKey : privateKey;
  const id = randomBytes(20);
  const key = Buffer.from(isoCBOR.encode(new Map(cose(publicKey.export({ format: 'jwk' })))));
  const challenge = text(randomBytes(40));
  const client = clientData('webauthn.get', challenge, change);
  const data = authenticatorData(0, change);
  const signature = sign(hash, Buffer.concat([data, sha256(client)]), signer);
  if (change.flip) signature[signature.length - 1] ^= 1;
  const response = {
    clientDataJSON: text(client),
    authenticatorData: text(data),
    signature: text(signature),
    userHandle: text(Buffer.alloc(16)),
  };
  const credential = { id: text(id), rawId: text(id), type: 'public-key', clientExtensionResults: {}, response };
  const verdict = await judge(() =>
    verifyAuthenticationResponse({
      response: credential,
      expectedChallenge: challenge,
      expectedOrigin: SITE.origin,
      expectedRPID: SITE.rpId,
      credential: { id: text(id), publicKey: new Uint8Array(key), counter: 0 },
    }),
  );
  return {
    ceremony: 'get',
    name: `${algorithm}, ${name}`,
    challenge,
    credential_id: text(id),
    client_data: text(client),
    authenticator_data: text(data),
    cose_key: text(key),
    public_key: text(publicKey.export({ format: 'der', type: 'spki' })),
    signature: text(signature),
    verdict,
  };
}

const cases = [];
for (const algorithm of Object.keys(KINDS)) {
  for (const [name, change] of Object.entries(SPOILT)) {
    const isGood = name === 'good' || change.isGood === true;
    if (change.of !== 'get') cases.push({ ...(await make(algorithm, { name, change })), is_good: isGood });
    cases.push({ ...(await use(algorithm, { name, change })), is_good: isGood });
  }
}
console.log(JSON.stringify({ site: SITE, cases }));
