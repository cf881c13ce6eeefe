// Square: signs the notification URL as it stands in the subscription, then the body.

import square from "square/dist/cjs/utilities/webhooksHelper.js";

import { hmac } from "../digest.mjs";

export default [
  {
    provider: "square",
    packages: ["square"],
    secrets: ["a-Secret-of-32-characters-or-more", "b-Secret-of-32-characters-or-more"],
    signature: { header: "x-square-hmacsha256-signature" },
    encoding: "base64",
    signs: { host: true, path: true, query: true },
    sign: ({ body, secret, url }) => ({
      headers: { "x-square-hmacsha256-signature": hmac("sha256", secret, "base64", url, body) },
    }),
    accepts: ({ headers, secret, text, url }) =>
      square.WebhooksHelper.isValidWebhookEventSignature(text, headers["x-square-hmacsha256-signature"], secret, url),
  },
];
