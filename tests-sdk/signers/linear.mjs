// Linear: signs the body, in which the timestamp stands.

import { LINEAR_WEBHOOK_SIGNATURE_HEADER, LinearWebhookClient } from "@linear/sdk/webhooks";

import { hmac } from "../digest.mjs";

export default [
  {
    provider: "linear",
    packages: ["@linear/sdk"],
    secrets: ["lin_wh_a-Secret-of-32-characters", "lin_wh_b-Secret-of-32-characters"],
    signature: { header: LINEAR_WEBHOOK_SIGNATURE_HEADER },
    timestamp: { tolerance_s: 60 },
    body: '{"action":"create","type":"Issue","data":{"title":"Zoë"},"webhookTimestamp":0}',
    sign: ({ secret, text, timestamp_s }) => {
      const body = JSON.stringify({ ...JSON.parse(text), webhookTimestamp: timestamp_s * 1000 });
      return { body, headers: { "Linear-Signature": hmac("sha256", secret, "hex", body) } };
    },
    accepts: ({ body, headers, secret }) =>
      new LinearWebhookClient(secret).verify(body, headers[LINEAR_WEBHOOK_SIGNATURE_HEADER]),
  },
];
