// Chargebee: signs nothing; its SDK compares a user name and a password.

import { basicAuthValidator } from "chargebee";

export default [
  {
    provider: "chargebee",
    packages: ["chargebee"],
    secrets: ["user:Pa55word", "user:Pa55worf"],
    signature: { header: "authorization" },
    encoding: "base64",
    signs: { body: "none" },
    sign: ({ secret }) => ({ headers: { Authorization: `Basic ${Buffer.from(secret).toString("base64")}` } }),
    accepts: async ({ headers, secret }) => {
      await basicAuthValidator((user, password) => `${user}:${password}` === secret)(headers);
      return true;
    },
  },
];
