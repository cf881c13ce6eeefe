// GitHub: its own package signs.

import { sign, verify } from "@octokit/webhooks-methods";

export default [
  {
    provider: "github",
    packages: ["@octokit/webhooks-methods"],
    secrets: ["It's a Secret to Everybody", "It's a secret to everybody"],
    signature: { header: "x-hub-signature-256" },
    sign: async ({ id, secret, text }) => ({
      headers: {
        "x-github-delivery": id,
        "x-github-event": "push",
        "x-hub-signature-256": await sign(secret, text),
      },
    }),
    accepts: ({ headers, secret, text }) => verify(secret, text, headers["x-hub-signature-256"]),
  },
];
