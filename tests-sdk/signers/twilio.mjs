// Twilio: its SDK signs. A form is signed field by field with the URL; JSON is hashed into the URL, which is signed.

import twilio from "twilio/lib/webhooks/webhooks.js";

const SECRETS = ["12345678901234567890123456789012", "22345678901234567890123456789012"];
const { getExpectedBodyHash, getExpectedTwilioSignature } = twilio;

const FIELDS =
  "ToCountry=US&MessageSid=SM9a1b&From=%2B14158675309&Body=Zo%C3%AB+says+%22hi%22&NumMedia=0&To=%2B18005551212&Empty=";

const signer = {
  provider: "twilio",
  packages: ["twilio"],
  secrets: SECRETS,
  signature: { header: "x-twilio-signature" },
  encoding: "base64",
  signs: { host: true, path: true, query: true },
};

export default [
  {
    ...signer,
    scheme: "form",
    body: FIELDS,
    content_type: "application/x-www-form-urlencoded",
    sign: ({ secret, text, url }) => ({
      headers: { "X-Twilio-Signature": getExpectedTwilioSignature(secret, url, fields(text)) },
    }),
    accepts: ({ headers, secret, text, url }) =>
      twilio.validateRequest(secret, headers["x-twilio-signature"], url, fields(text)),
  },
  {
    ...signer,
    scheme: "json",
    sign: ({ secret, text, url }) => {
      const hashed = `${url}${url.includes("?") ? "&" : "?"}bodySHA256=${getExpectedBodyHash(text)}`;
      return { url: hashed, headers: { "X-Twilio-Signature": getExpectedTwilioSignature(secret, hashed, {}) } };
    },
    accepts: ({ headers, secret, text, url }) =>
      twilio.validateRequestWithBody(secret, headers["x-twilio-signature"], url, text),
  },
];

function fields(form) {
  return Object.fromEntries(new URLSearchParams(form));
}
