// Providers that sign the body alone with an HMAC, and whose SDKs verify it.

import * as line from "@line/bot-sdk";
import { verifyWebhookSignature as verifyNotion } from "@notionhq/client";
import { DualSignatureVerifier, SimpleShop } from "@shopware-ag/app-server-sdk";
import { StreamClient } from "@stream-io/node-sdk";
import coinbase from "coinbase-commerce-node";
import Cronofy from "cronofy";
import * as gocardless from "gocardless-nodejs/webhooks";
import ModernTreasury from "modern-treasury";
import Pusher from "pusher";
import { WebhookEventVerifier as OnfidoVerifier } from "@onfido/api";
import razorpay from "razorpay/dist/utils/razorpay-utils.js";
import smartcar from "smartcar";
import ViberMessageValidator from "viber-bot/lib/message/message-validator.js";

import { hmac } from "../digest.mjs";
// The package keeps its signer to itself, though its verifier asks for one.
import { WebCryptoHmacSigner } from "../node_modules/@shopware-ag/app-server-sdk/dist/esm/signer.js";

/** One that puts an HMAC-SHA256 of the body, after `prefix`, into `header`. */
function signer(provider, npm, header, accepts, { encoding = "hex", prefix = "", headers, ...more } = {}) {
  return {
    provider,
    packages: [npm],
    secrets: ["a-Secret-of-32-characters-or-more", "b-Secret-of-32-characters-or-more"],
    signature: { header: header.toLowerCase() },
    encoding,
    sign: (request) => ({
      headers: { ...headers?.(request), [header]: prefix + hmac("sha256", request.secret, encoding, request.body) },
    }),
    accepts: (sent) => accepts(sent, sent.headers[header.toLowerCase()]),
    ...more,
  };
}

export default [
  signer("razorpay", "razorpay", "X-Razorpay-Signature", ({ secret, text }, signature) =>
    razorpay.validateWebhookSignature(text, signature, secret),
  ),
  signer(
    "gocardless",
    "gocardless-nodejs",
    "Webhook-Signature",
    ({ body, secret }, signature) => {
      gocardless.verifySignature(body, secret, signature);
      return true;
    },
    { lax: ["wrong case"] },
  ),
  signer("coinbase-commerce", "coinbase-commerce-node", "X-CC-Webhook-Signature", ({ secret, text }, signature) =>
    coinbase.Webhook.verifySigHeader(text, signature, secret),
  ),
  signer("modern-treasury", "modern-treasury", "X-Signature", ({ headers, secret, text }) =>
    new ModernTreasury({ apiKey: "test", organizationID: "test" }).webhooks.validateSignature(text, headers, {
      key: secret,
    }),
  ),
  signer(
    "line",
    "@line/bot-sdk",
    "x-line-signature",
    ({ body, secret }, signature) => line.validateSignature(body, secret, signature),
    { encoding: "base64" },
  ),
  signer(
    "notion",
    "@notionhq/client",
    "X-Notion-Signature",
    ({ secret, text }, signature) => verifyNotion({ body: text, signature, verificationToken: secret }),
    { prefix: "sha256=", lax: ["wrong case"] },
  ),
  signer(
    "cronofy",
    "cronofy",
    "Cronofy-HMAC-SHA256",
    ({ secret, text }, signature) =>
      new Cronofy({ client_id: "test" }).hmacValid({ hmac: signature, body: text, client_secret: secret }),
    { encoding: "base64" },
  ),
  // It signs what it parsed and wrote again, which is what Smartcar sends.
  signer(
    "smartcar",
    "smartcar",
    "SC-Signature",
    ({ secret, text }, signature) => smartcar.verifyPayload(secret, signature, JSON.parse(text)),
    { body: '{"version":"4.0","eventType":"VEHICLE_STATE","data":{"name":"Zoë","odometer":104.5}}' },
  ),
  signer(
    "onfido",
    "@onfido/api",
    "X-SHA2-Signature",
    ({ secret, text }, signature) => {
      new OnfidoVerifier(secret).readPayload(text, signature);
      return true;
    },
    { lax: ["wrong case"] },
  ),
  signer(
    "shopware",
    "@shopware-ag/app-server-sdk",
    "shopware-shop-signature",
    async ({ headers, secret, text, url }) => {
      const request = new Request(url, { method: "POST", headers, body: text });
      const shop = new SimpleShop("shop", "https://shop.example", secret);
      await new DualSignatureVerifier(new WebCryptoHmacSigner()).authenticatePostRequest(request, text, shop);
      return true;
    },
  ),
  signer("stream", "@stream-io/node-sdk", "X-Signature", ({ body, secret }, signature) =>
    new StreamClient("key", secret).verifyWebhook(body, signature),
  ),
  signer("viber", "viber-bot", "X-Viber-Content-Signature", ({ body, secret }, signature) =>
    new ViberMessageValidator({ debug() {} }, secret).validateMessage(signature, body),
  ),
  // Which of the app's keys signed is said in a header of its own, which is not signed.
  signer(
    "pusher",
    "pusher",
    "X-Pusher-Signature",
    ({ headers, secret, text }) =>
      new Pusher({ appId: "1", key: "278d425bdf160c739803", secret, cluster: "eu" })
        .webhook({ headers, rawBody: text })
        .isValid(),
    { headers: () => ({ "X-Pusher-Key": "278d425bdf160c739803" }) },
  ),
];
