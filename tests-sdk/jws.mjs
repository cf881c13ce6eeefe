// JSON Web Signatures in their compact form.

import { createHmac, sign } from "node:crypto";

const base64url = (bytes) => Buffer.from(bytes).toString("base64url");

/** Signs `payload` (text or bytes, or claims) with the algorithm that `header.alg` names. */
export function jws(header, payload, key) {
  const head = base64url(JSON.stringify(header));
  const bytes = typeof payload === "string" || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload);
  return `${head}.${base64url(bytes)}.${signature(header.alg, `${head}.${base64url(bytes)}`, key)}`;
}

/** The same without the payload, which stands in the body as it is (RFC 7797, `b64: false`). */
export function detachedUnencoded(header, payload, key) {
  const head = base64url(JSON.stringify({ ...header, b64: false, crit: ["b64"] }));
  return `${head}..${signature(header.alg, Buffer.concat([Buffer.from(`${head}.`), payload]), key)}`;
}

/** The same without the payload, which the verifier builds and encodes itself. */
export function detached(header, payload, key) {
  const [head, , end] = jws(header, payload, key).split(".");
  return `${head}..${end}`;
}

/** The claims of a token, unverified. */
export function claimsOf(token) {
  return JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
}

function signature(algorithm, input, key) {
  const hash = `sha${algorithm.slice(2)}`;
  if (algorithm.startsWith("HS")) {
    return createHmac(hash, key).update(input).digest("base64url");
  }
  return sign(hash, Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }).toString("base64url");
}
