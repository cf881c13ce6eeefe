// Zoom: verified by the receiver of its SDK, which writes the event anew before it compares.

import { AwsLambdaReceiver } from "@zoom/rivet/meetings";

import { hmac } from "../digest.mjs";

export default [
  {
    provider: "zoom",
    packages: ["@zoom/rivet"],
    secrets: ["a-Secret-of-32-characters-or-more", "b-Secret-of-32-characters-or-more"],
    signature: { header: "x-zm-signature" },
    timestamp: { tolerance_s: 300 },
    // It does not look at the timestamp's age; Zoom's documents leave that to the receiver.
    lax: ["old timestamp"],
    body: '{"event":"meeting.started","payload":{"account_id":"abc","object":{"topic":"Zoë"}},"event_ts":1626230691572}',
    sign: ({ body, secret, timestamp_s }) => ({
      headers: {
        "x-zm-request-timestamp": String(timestamp_s),
        "x-zm-signature": `v0=${hmac("sha256", secret, "hex", `v0:${timestamp_s}:`, body)}`,
      },
    }),
    accepts: async ({ headers, secret, text }) => {
      const receiver = new AwsLambdaReceiver({ webhooksSecretToken: secret });
      const answer = await receiver.start()({ headers, body: text }, {});
      return answer.statusCode === 200;
    },
  },
];
