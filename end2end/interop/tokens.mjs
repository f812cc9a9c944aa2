// Reads our tokens for FCM (RS256) and APNs (ES256) with npm `jsonwebtoken`. `tokens.py` does the same with PyJWT.
//
//     node end2end/interop/tokens.mjs < tokens.json   fails with a sentence on the first difference

import { createPublicKey } from 'node:crypto';
import { json } from 'node:stream/consumers';
import { isDeepStrictEqual } from 'node:util';
import jwt from 'jsonwebtoken';

function demand(isSo, sentence) {
  if (!isSo) throw new Error(sentence);
}

/** The token with other claims under the same signature. */
function altered(token) {
  const [header, claims, signature] = token.split('.');
  const other = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), iss: 'somebody else' };
  return [header, Buffer.from(JSON.stringify(other)).toString('base64url'), signature].join('.');
}

function check({ token, private_key: privateKey, header, claims }) {
  const key = createPublicKey(privateKey);
  const options = { algorithms: [header.alg], issuer: claims.iss, audience: claims.aud, complete: true };
  const read = jwt.verify(token, key, options);
  demand(isDeepStrictEqual(read.header, header), `the header is ${JSON.stringify(read.header)}`);
  demand(isDeepStrictEqual(read.payload, claims), `the claims are ${JSON.stringify(read.payload)}`);
  try {
    jwt.verify(altered(token), key, { algorithms: [header.alg] });
  } catch (error) {
    demand(error.message === 'invalid signature', `an altered token is refused as: ${error.message}`);
    return;
  }
  throw new Error('an altered token is accepted');
}

async function main() {
  const tokens = await json(process.stdin);
  tokens.forEach((token, at) => {
    try {
      check(token);
    } catch (error) {
      throw new Error(`token ${at + 1} of ${tokens.length}: ${error.message}`);
    }
  });
  console.log(`jsonwebtoken: ${tokens.length} tokens read, ${tokens.length} altered tokens refused`);
}

main().catch((error) => {
  console.error(`jsonwebtoken: ${error.message}`);
  process.exit(1);
});
