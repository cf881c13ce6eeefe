// EasyPost: its SDK turns the weight's number into one with a decimal point before it compares.

import EasyPost from "@easypost/api";

import { hmac } from "../digest.mjs";

export default [
  {
    provider: "easypost",
    packages: ["@easypost/api"],
    secrets: ["easypost-secret", "easypost-secreu"],
    signature: { header: "x-hmac-signature" },
    body: '{"id":"evt_1","description":"tracker.updated","result":{"weight":17,"name":"Zoë"}}',
    sign: ({ secret, text }) => {
      const signed = text.replace('"weight":17,', '"weight":17.0,');
      // Only of ASCII is the normalised form, which the SDK uses, the text itself.
      const key = secret.normalize("NFKD");
      return { headers: { "X-Hmac-Signature": `hmac-sha256-hex=${hmac("sha256", key, "hex", signed)}` } };
    },
    accepts: ({ body, headers, secret }) => {
      new EasyPost("key").Utils.validateWebhook(body, headers, secret);
      return true;
    },
  },
];
