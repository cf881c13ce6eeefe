// Solidgate: its SDK signs requests; webhooks are signed in the same way, which its maker of forms shows.

import solidgate from "@solidgate/node-sdk";

const PUBLIC_KEY = "wh_pk_test";

/** The SDK's own signature, over any text. */
function signatureOf(text, secret) {
  return new solidgate.Api(PUBLIC_KEY, secret)._generateSignature(text);
}

export default [
  {
    provider: "solidgate",
    packages: ["@solidgate/node-sdk"],
    secrets: ["wh_sk_a-Secret-of-32-characters", "wh_sk_b-Secret-of-32-characters"],
    settings: { public_key: PUBLIC_KEY },
    signature: { header: "signature" },
    encoding: "base64",
    sign: ({ secret, text }) => ({ headers: { merchant: PUBLIC_KEY, signature: signatureOf(text, secret) } }),
    accepts: ({ headers, secret, text }) => headers.signature === signatureOf(text, secret),
  },
];
