// Verifies deliveries as a customer would, with the `standardwebhooks` package.
//
// in:  {"secret", "headers": {name: value}, "body_base64"}
// out: {"ok": true}, {"ok": false, "error": message} where the package says no, or {"error": message}
//      where it could not be asked: a refusal must not be mistaken for a broken test.

import { Webhook, WebhookVerificationError } from "standardwebhooks";

import { answerLines, bodyText } from "./lines.mjs";

await answerLines(({ secret, headers, body_base64 }) => {
  const webhook = new Webhook(secret);
  const body = bodyText(body_base64);
  try {
    webhook.verify(body, headers, { jsonParse: false });
    return { ok: true };
  } catch (error) {
    if (error instanceof WebhookVerificationError) {
      return { ok: false, error: error.message };
    }
    throw error;
  }
});
