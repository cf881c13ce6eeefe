// Telnyx: Ed25519 with one key for all customers, verified by its SDK.

import { sign } from "node:crypto";

import { Telnyx } from "telnyx";

import { forms, privateKeyOf, twoPublicKeys } from "../keys.mjs";

const { webhooks } = new Telnyx("KEY");

export default [
  {
    provider: "telnyx",
    packages: ["telnyx"],
    secrets: twoPublicKeys("ed25519", {}, forms.rawBase64),
    signature: { header: "telnyx-signature-ed25519" },
    encoding: "base64",
    timestamp: { tolerance_s: 300 },
    sign: ({ body, secret, timestamp_s }) => {
      const content = Buffer.concat([Buffer.from(`${timestamp_s}|`), body]);
      return {
        headers: {
          "telnyx-timestamp": String(timestamp_s),
          "telnyx-signature-ed25519": sign(null, content, privateKeyOf(secret)).toString("base64"),
        },
      };
    },
    accepts: ({ headers, secret, text }) => {
      const signature = Buffer.from(headers["telnyx-signature-ed25519"], "base64");
      const key = Buffer.from(secret, "base64");
      webhooks.constructEvent(text, signature, headers["telnyx-timestamp"], key, 300);
      return true;
    },
  },
];
