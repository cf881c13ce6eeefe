// Hygraph: signs a JSON text in which the body stands as a string; its package signs.

import { generateWebhookSignature, verifyWebhookSignature } from "@hygraph/utils";

export default [
  {
    provider: "hygraph",
    packages: ["@hygraph/utils"],
    secrets: ["a-Secret-of-32-characters-or-more", "b-Secret-of-32-characters-or-more"],
    signature: { header: "gcms-signature" },
    encoding: "base64",
    timestamp: { tolerance_s: null },
    // It takes the time from the clock, which is set to when the request is signed.
    sign: ({ secret, text }) => ({
      headers: { "gcms-signature": generateWebhookSignature({ rawPayload: text, environmentName: "master", secret }) },
    }),
    accepts: ({ headers, secret, text }) =>
      verifyWebhookSignature({ rawPayload: text, signature: headers["gcms-signature"], secret }),
  },
];
