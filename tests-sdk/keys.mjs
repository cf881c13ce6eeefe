// Key pairs for providers that sign with a private key: two per kind, made when the process starts to need them.
//
// A test configures the public key as the provider's "secret", so it is also what a request to sign names:
// `privateKeyOf` finds the key that belongs to it.

import { generateKeyPairSync } from "node:crypto";

/** The `kid` of every key in a JWKS. */
export const KEY_ID = "key-1";

const privateKeys = new Map();

/**
 * Makes two key pairs and answers with what the provider publishes of each, as `publicForm` writes it.
 * Options are those of `generateKeyPairSync`.
 */
export function twoPublicKeys(type, options, publicForm) {
  return [1, 2].map(() => {
    const { publicKey, privateKey } = generateKeyPairSync(type, options);
    const published = publicForm(publicKey);
    privateKeys.set(published, privateKey);
    return published;
  });
}

/** The private key to a public one from `twoPublicKeys`. */
export function privateKeyOf(published) {
  const key = privateKeys.get(published);
  if (key === undefined) {
    throw new Error("this public key is not from this process: take it from its list of cases");
  }
  return key;
}

/** Public keys as the providers write them. */
export const forms = {
  pem: (key) => key.export({ type: "spki", format: "pem" }),
  spkiBase64: (key) => key.export({ type: "spki", format: "der" }).toString("base64"),
  // One key id for all, so that another key is refused for what it is and not for its name.
  jwks: (alg) => (key) =>
    JSON.stringify({ keys: [{ ...key.export({ format: "jwk" }), kid: KEY_ID, alg, use: "sig" }] }),
  rawHex: (key) => Buffer.from(key.export({ format: "jwk" }).x, "base64url").toString("hex"),
  rawBase64: (key) => Buffer.from(key.export({ format: "jwk" }).x, "base64url").toString("base64"),
};
