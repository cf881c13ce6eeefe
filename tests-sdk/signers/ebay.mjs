// eBay: ECDSA with a key that its SDK fetches by the id in the signature; here the key is ours, the rest is the SDK's.

import { createSign } from "node:crypto";

import client from "event-notification-nodejs-sdk/lib/client.js";
import validator from "event-notification-nodejs-sdk/lib/validator.js";

import { forms, KEY_ID, privateKeyOf, twoPublicKeys } from "../keys.mjs";

export default [
  {
    provider: "ebay",
    packages: ["event-notification-nodejs-sdk"],
    secrets: twoPublicKeys("ec", { namedCurve: "P-256" }, forms.pem),
    signature: { header: "x-ebay-signature" },
    encoding: "base64",
    // The SDK writes the message anew before it verifies.
    lax: ["re-serialised JSON"],
    body: '{"metadata":{"topic":"MARKETPLACE_ACCOUNT_DELETION"},"notification":{"data":{"username":"Zoë"}}}',
    sign: ({ body, secret }) => {
      const signature = createSign("sha1").update(body).sign(privateKeyOf(secret), "base64");
      const header = { alg: "ecdsa", kid: KEY_ID, signature, digest: "SHA1" };
      return { headers: { "X-EBAY-SIGNATURE": Buffer.from(JSON.stringify(header)).toString("base64") } };
    },
    accepts: ({ headers, secret, text }) => {
      client.getPublicKey = async () => ({ key: secret.replaceAll("\n", "") });
      return validator.validateSignature(JSON.parse(text), headers["x-ebay-signature"], {});
    },
  },
];
