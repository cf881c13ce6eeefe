// Standard Webhooks, and the providers whose SDKs verify with it under their own names and with their own secrets.

import Anthropic from "@anthropic-ai/sdk";
import { verifyWebhook as verifyClerk } from "@clerk/backend/webhooks";
import DodoPayments from "dodopayments";
import Lithic from "lithic";
import OpenAI from "openai";
import { validateWebhook as validateReplicate } from "replicate";
import { Resend } from "resend";
import { Webhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";

const SECRETS = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_NfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"];

/** The three headers, whose names start with `prefix`. */
function headersOf(prefix, { id, secret, text, timestamp_s }) {
  return {
    [`${prefix}-id`]: id,
    [`${prefix}-timestamp`]: String(timestamp_s),
    [`${prefix}-signature`]: new Webhook(secret).sign(id, new Date(timestamp_s * 1000), text),
  };
}

/** A provider that signs so; `verify` throws where its SDK refuses, whatever else it returns. */
function signer(provider, packages, verify, { prefix = "webhook", ...more } = {}) {
  return {
    provider,
    packages: [...new Set([...packages, "standardwebhooks"])],
    secrets: SECRETS,
    signature: { header: `${prefix}-signature` },
    encoding: "base64",
    timestamp: { tolerance_s: 300 },
    sign: (request) => ({ headers: headersOf(prefix, request) }),
    accepts: async (sent) => {
      await verify(sent);
      return true;
    },
    ...more,
  };
}

export default [
  signer("standard-webhooks", ["standardwebhooks"], ({ headers, secret, text }) =>
    new Webhook(secret).verify(text, headers, { jsonParse: false }),
  ),
  signer("svix", ["svix"], ({ headers, secret, text }) => new SvixWebhook(secret).verify(text, headers), {
    prefix: "svix",
  }),
  signer(
    "resend",
    ["resend"],
    ({ headers, secret, text }) =>
      new Resend("re_test").webhooks.verify({
        payload: text,
        headers: { id: headers["svix-id"], timestamp: headers["svix-timestamp"], signature: headers["svix-signature"] },
        webhookSecret: secret,
      }),
    { prefix: "svix" },
  ),
  signer(
    "clerk",
    ["@clerk/backend"],
    ({ body, headers, method, secret, url }) =>
      verifyClerk(new Request(url, { method, headers, body }), { signingSecret: secret }),
    { prefix: "svix" },
  ),
  signer("openai", ["openai"], ({ headers, secret, text }) =>
    new OpenAI({ apiKey: "sk-test" }).webhooks.verifySignature(text, headers, secret),
  ),
  signer("anthropic", ["@anthropic-ai/sdk"], ({ headers, secret, text }) =>
    new Anthropic({ apiKey: "sk-test" }).beta.webhooks.unwrap(text, { headers, key: secret }),
  ),
  signer("lithic", ["lithic"], ({ headers, secret, text }) =>
    new Lithic({ apiKey: "test" }).webhooks.verifySignature(text, headers, secret),
  ),
  signer("dodo-payments", ["dodopayments"], ({ headers, secret, text }) =>
    new DodoPayments({ bearerToken: "test" }).webhooks.unwrap(text, { headers, key: secret }),
  ),
  signer(
    "replicate",
    ["replicate"],
    async ({ headers, secret, text }) => {
      if (!(await validateReplicate({ headers, body: text }, secret))) {
        throw new Error("it says no");
      }
    },
    { lax: ["old timestamp"] },
  ),
];
