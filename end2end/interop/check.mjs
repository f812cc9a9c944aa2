// Reads our push messages as a browser and a push service would, with code that is not ours: http_ece opens the bodies
// (RFC 8291), Node's own crypto verifies the tokens (RFC 8292). check.py does the same with Python's libraries.
//
//     node end2end/interop/check.mjs keys                 twelve receivers with their private keys, as JSON
//     node end2end/interop/check.mjs < messages.json      fails with a sentence on the first difference

import { createECDH, randomBytes } from 'node:crypto';
import { json } from 'node:stream/consumers';
import ece from 'http_ece';
import { readVapid } from '../support/vapid.mjs';

const RECEIVERS = 12;
const DAY_S = 86_400;
const HEADER = '{"typ":"JWT","alg":"ES256"}';

function receiver() {
  const ecdh = createECDH('prime256v1');
  ecdh.generateKeys();
  // One private key in 256 begins with a zero, which OpenSSL leaves out.
  const d = ecdh.getPrivateKey();
  const padded = Buffer.concat([Buffer.alloc(32 - d.length), d]);
  return {
    private: padded.toString('base64url'),
    p256dh: ecdh.getPublicKey('base64url'),
    auth: randomBytes(16).toString('base64url'),
  };
}

function demand(isSo, sentence) {
  if (!isSo) throw new Error(sentence);
}

function checkBody(message) {
  const privateKey = createECDH('prime256v1');
  privateKey.setPrivateKey(message.private, 'base64url');
  demand(privateKey.getPublicKey('base64url') === message.p256dh, 'p256dh does not belong to the private key');

  const body = Buffer.from(message.body, 'base64url');
  demand(body.length <= 4096, `the body has ${body.length} bytes`);
  const plaintext = ece.decrypt(body, { version: 'aes128gcm', privateKey, authSecret: message.auth });
  demand(plaintext.equals(Buffer.from(message.plaintext, 'base64url')), 'the body holds another plaintext');
}

function checkToken({ authorization, origin, subject, now_s: now }) {
  const isPlain = /^vapid t=[\w-]+\.[\w-]+\.[\w-]+, k=[\w-]{87}$/.test(authorization);
  demand(isPlain, `this is no vapid header: ${authorization}`);
  const { header, claims } = readVapid(authorization);
  const { aud, exp, sub } = claims;
  demand(header === HEADER, `the token's header is ${header}`);
  demand(aud === origin, `aud is ${aud}, not ${origin}`);
  demand(Number.isInteger(exp) && exp > now && exp <= now + DAY_S, `exp is ${exp - now} s ahead`);
  demand(sub === subject, `sub is ${sub}, not ${subject}`);
}

async function main() {
  if (process.argv[2] === 'keys') {
    console.log(JSON.stringify(Array.from({ length: RECEIVERS }, receiver)));
    return;
  }
  const messages = await json(process.stdin);
  demand(messages.length > 0, 'there are no messages');
  messages.forEach((message, at) => {
    try {
      checkBody(message);
      checkToken(message);
    } catch (error) {
      throw new Error(`message ${at + 1} of ${messages.length}: ${error.message}`);
    }
  });
  console.log(`http_ece: ${messages.length} messages read, ${messages.length} tokens verified`);
}

main().catch((error) => {
  console.error(`http_ece: ${error.message}`);
  process.exit(1);
});
