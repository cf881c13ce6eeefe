// Providers that sign with a private key whose public one they publish as a JWKS; the signature is a JWS without its
// payload.

import { verifySignatureWithJwks } from "@saleor/app-sdk/auth";
import truelayer from "truelayer-signing";

import { detached, detachedUnencoded } from "../jws.mjs";
import { forms, KEY_ID, privateKeyOf, twoPublicKeys } from "../keys.mjs";

const TIMESTAMP = "X-Tl-Webhook-Timestamp";

export default [
  {
    provider: "truelayer",
    packages: ["truelayer-signing"],
    secrets: twoPublicKeys("ec", { namedCurve: "P-521" }, forms.jwks("ES512")),
    signature: { header: "tl-signature" },
    encoding: "jwt",
    timestamp: { tolerance_s: null },
    signs: { path: true },
    sign: ({ method, secret, text, timestamp_s, url }) => {
      const timestamp = new Date(timestamp_s * 1000).toISOString();
      const header = {
        alg: "ES512",
        kid: KEY_ID,
        tl_version: "2",
        tl_headers: TIMESTAMP,
        jku: "https://webhooks.truelayer.com/.well-known/jwks",
      };
      const payload = `${method} ${new URL(url).pathname}\n${TIMESTAMP}: ${timestamp}\n${text}`;
      return {
        headers: { [TIMESTAMP]: timestamp, "Tl-Signature": detached(header, payload, privateKeyOf(secret)) },
      };
    },
    accepts: ({ headers, method, secret, text, url }) => {
      const signature = headers["tl-signature"];
      truelayer.verify({ jwks: secret, signature, method, path: new URL(url).pathname, headers, body: text });
      return true;
    },
  },
  {
    provider: "saleor",
    packages: ["@saleor/app-sdk"],
    secrets: twoPublicKeys("rsa", { modulusLength: 2048 }, forms.jwks("RS256")),
    signature: { header: "saleor-signature" },
    encoding: "jwt",
    sign: ({ body, secret }) => ({
      headers: {
        "Saleor-Event": "order_created",
        "Saleor-Signature": detachedUnencoded({ alg: "RS256", kid: KEY_ID }, body, privateKeyOf(secret)),
      },
    }),
    accepts: async ({ headers, secret, text }) => {
      await verifySignatureWithJwks(secret, headers["saleor-signature"], text);
      return true;
    },
  },
];
