// The few digests that providers sign with, each from bytes to text.

import { createHash, createHmac } from "node:crypto";

/** An HMAC over the concatenated `parts` (text or bytes). */
export function hmac(algorithm, key, encoding, ...parts) {
  return joined(createHmac(algorithm, key), parts).digest(encoding);
}

/** A plain hash of the concatenated `parts` (text or bytes). */
export function hash(algorithm, encoding, ...parts) {
  return joined(createHash(algorithm), parts).digest(encoding);
}

function joined(digest, parts) {
  for (const part of parts) {
    digest.update(part);
  }
  return digest;
}
