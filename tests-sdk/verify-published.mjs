// Verifies deliveries with published keys, as a receiver would that has a JWT library at hand: `jose` reads the
// keys, and the platform's own cryptography verifies.
//
// in:  {"keys": a JWK set, "headers": {name: value}, "body_base64"}
// out: {"ok": whether one of the `v1a` signatures is of one of the keys} or {"error": message}

import { webcrypto } from "node:crypto";

import { calculateJwkThumbprint, importJWK } from "jose";

import { answerLines, bodyBytes } from "./lines.mjs";

await answerLines(async ({ keys, headers, body_base64 }) => {
  const head = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.`;
  const message = Buffer.concat([Buffer.from(head), bodyBytes(body_base64)]);
  const signatures = headers["webhook-signature"].split(" ").filter((it) => it.startsWith("v1a,"));
  for (const jwk of keys.keys) {
    if (jwk.kid !== (await calculateJwkThumbprint(jwk))) {
      throw new Error(`${jwk.kid} is not the key's thumbprint`);
    }
    const key = await importJWK(jwk, jwk.alg);
    for (const signature of signatures) {
      const bytes = Buffer.from(signature.slice("v1a,".length), "base64");
      if (await webcrypto.subtle.verify("Ed25519", key, bytes, message)) {
        return { ok: true };
      }
    }
  }
  return { ok: false };
});
