// Crisp: signs the timestamp and the body as JSON would write a list, but with a semicolon.

import { Crisp } from "crisp-api";

import { hmac } from "../digest.mjs";

export default [
  {
    provider: "crisp",
    packages: ["crisp-api"],
    secrets: ["a-Secret-of-32-characters-or-more", "b-Secret-of-32-characters-or-more"],
    signature: { header: "x-crisp-signature" },
    timestamp: { tolerance_s: null },
    // The SDK writes the body anew before it compares.
    body: '{"website_id":"42286ab3","event":"message:send","data":{"content":"Zoë"},"timestamp":1632396148646}',
    sign: ({ body, secret, timestamp_s }) => {
      const timestamp = String(timestamp_s * 1000);
      return {
        headers: {
          "X-Crisp-Request-Timestamp": timestamp,
          "X-Crisp-Signature": hmac("sha256", secret, "hex", `[${timestamp};`, body, "]"),
        },
      };
    },
    accepts: ({ headers, secret, text }) =>
      new Crisp().verifyWidget(
        secret,
        JSON.parse(text),
        headers["x-crisp-request-timestamp"],
        headers["x-crisp-signature"],
      ),
  },
];
