// Signs requests as the providers do, with nothing but the providers' own packages.
//
// in:  {"provider": "stripe" | "github" | "standard-webhooks", "secret", "body_base64",
//       "timestamp_s" (not for github), "id" (only for standard-webhooks)}
// out: {"headers": {name: value}} or {"error": message}

import { sign as signGithub } from "@octokit/webhooks-methods";
import { Webhook } from "standardwebhooks";
import Stripe from "stripe";

import { answerLines, bodyText } from "./lines.mjs";

const signers = {
  async github({ secret }, body) {
    return { "x-hub-signature-256": await signGithub(secret, body) };
  },

  stripe({ secret, timestamp_s: timestamp }, payload) {
    return { "stripe-signature": Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp }) };
  },

  "standard-webhooks"({ secret, timestamp_s, id }, body) {
    return {
      "webhook-id": id,
      "webhook-timestamp": String(timestamp_s),
      "webhook-signature": new Webhook(secret).sign(id, new Date(timestamp_s * 1000), body),
    };
  },
};

await answerLines(async (request) => {
  if (!Object.hasOwn(signers, request.provider)) {
    throw new Error(`no SDK for provider ${request.provider}`);
  }
  if (request.provider !== "github" && !Number.isSafeInteger(request.timestamp_s)) {
    throw new Error("timestamp_s is missing or not a whole number");
  }
  if (request.provider === "standard-webhooks" && typeof request.id !== "string") {
    throw new Error("id is missing");
  }
  return { headers: await signers[request.provider](request, bodyText(request.body_base64)) };
});
