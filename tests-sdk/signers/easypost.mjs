// EasyPost: its SDK turns the weight's number into one with a decimal point before it compares, and the secret
// into its normalised form.

import EasyPost from "@easypost/api";

import { hmac } from "../digest.mjs";

export default [
  {
    provider: "easypost",
    packages: ["@easypost/api"],
    // Letters that their normalised form writes otherwise, one by one and as ligature.
    secrets: ["eaſypoﬆ-sécret-№1", "eaſypoﬆ-sécreu-№1"],
    signature: { header: "x-hmac-signature" },
    body: '{"id":"evt_1","description":"tracker.updated","result":{"weight":17,"name":"Zoë"}}',
    sign: ({ secret, text }) => {
      const signed = text.replace('"weight":17,', '"weight":17.0,');
      const key = secret.normalize("NFKD");
      return { headers: { "X-Hmac-Signature": `hmac-sha256-hex=${hmac("sha256", key, "hex", signed)}` } };
    },
    accepts: ({ body, headers, secret }) => {
      new EasyPost("key").Utils.validateWebhook(body, headers, secret);
      return true;
    },
  },
];
