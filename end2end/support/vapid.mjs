// Reads the signed token of a push message (RFC 8292), for the push service of the tests and for `interop/check.mjs`.
// It is JavaScript because Node 20 runs the check as it is.
import { createPublicKey, verify } from 'node:crypto';

/**
 * The claims of a token (RFC 8292 §2). `aud` is the origin of the push service, `exp` in seconds since 1970, and `sub`
 * says whom to write to.
 * @typedef {{ aud: string, exp: number, sub?: string }} Claims
 */

/**
 * Reads `vapid t=…, k=…` and verifies the signature. Returns the key in base64url, the token's header as text, and its
 * claims, which are not checked.
 * @param {string} authorization
 * @returns {{ key: string, header: string, claims: Claims }}
 */
export function readVapid(authorization) {
  const [, list] = authorization.match(/^vapid\s+(.*)$/i) ?? [];
  if (!list) throw new Error(`this is no vapid header: ${authorization}`);
  const parameters = list.split(',').map((parameter) => parameter.trim().split(/=(.*)/s, 2));
  const { t: token, k } = Object.fromEntries(parameters);
  const [header, payload, signature] = String(token).split('.');
  const point = Buffer.from(String(k), 'base64url'); // uncompressed: 4, x, y
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'));
  const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  const signed = Buffer.from(`${header}.${payload}`);
  const isSigned = verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
  if (!isSigned) throw new Error('the token is not signed with k');
  const text = (/** @type {string} */ part) => Buffer.from(part, 'base64url').toString();
  return { key: point.toString('base64url'), header: text(header), claims: JSON.parse(text(payload)) };
}
