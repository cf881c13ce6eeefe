// Discord: Ed25519 with the application's key, verified by its SDK.

import { sign } from "node:crypto";

import { verifyKey } from "discord-interactions";

import { forms, privateKeyOf, twoPublicKeys } from "../keys.mjs";

export default [
  {
    provider: "discord",
    packages: ["discord-interactions"],
    secrets: twoPublicKeys("ed25519", {}, forms.rawHex),
    signature: { header: "x-signature-ed25519" },
    // The SDK reads it as whoever decodes hex does.
    lax: ["wrong case"],
    timestamp: { tolerance_s: null },
    sign: ({ body, secret, timestamp_s }) => {
      const content = Buffer.concat([Buffer.from(String(timestamp_s)), body]);
      return {
        headers: {
          "X-Signature-Timestamp": String(timestamp_s),
          "X-Signature-Ed25519": sign(null, content, privateKeyOf(secret)).toString("hex"),
        },
      };
    },
    accepts: ({ body, headers, secret }) =>
      verifyKey(body, headers["x-signature-ed25519"], headers["x-signature-timestamp"], secret),
  },
];
