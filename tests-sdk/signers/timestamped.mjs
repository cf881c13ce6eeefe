// Providers that sign a timestamp together with the body.

import { decodeSignatureHeader, encodeSignatureHeader, isValidSignature, SIGNATURE_HEADER_NAME } from "@sanity/webhook";
import Finch from "@tryfinch/finch-api";
import Mux from "@mux/mux-node";
import { WorkOS } from "@workos-inc/node";
import cloudinary from "cloudinary";
import Orb from "orb-billing";
import { Paddle } from "@paddle/paddle-node-sdk";
import { symmetric as retell } from "retell-sdk/lib/webhook_auth";
import { verifyTerraWebhookSignature } from "terra-api";

import { hash, hmac } from "../digest.mjs";

const SECRETS = ["a-Secret-of-32-characters-or-more", "b-Secret-of-32-characters-or-more"];

/** `t=…,v1=…` over `t.body`, in whatever unit the provider counts. */
function pair({ secret, body, timestamp_s }, per_s = 1) {
  const t = String(timestamp_s * per_s);
  return `t=${t},v1=${hmac("sha256", secret, "hex", t, ".", body)}`;
}

export default [
  {
    provider: "paddle",
    packages: ["@paddle/paddle-node-sdk"],
    secrets: SECRETS,
    signature: { header: "paddle-signature" },
    timestamp: { tolerance_s: 5 },
    sign: ({ secret, body, timestamp_s }) => ({
      headers: {
        "Paddle-Signature": `ts=${timestamp_s};h1=${hmac("sha256", secret, "hex", String(timestamp_s), ":", body)}`,
      },
    }),
    accepts: ({ headers, secret, text }) =>
      new Paddle("key").webhooks.isSignatureValid(text, secret, headers["paddle-signature"]),
  },
  {
    provider: "orb",
    packages: ["orb-billing"],
    secrets: SECRETS,
    signature: { header: "x-orb-signature" },
    timestamp: { tolerance_s: 300 },
    sign: ({ secret, body, timestamp_s }) => {
      // UTC without a zone.
      const timestamp = new Date(timestamp_s * 1000).toISOString().replace("Z", "");
      return {
        headers: {
          "X-Orb-Timestamp": timestamp,
          "X-Orb-Signature": `v1=${hmac("sha256", secret, "hex", "v1:", timestamp, ":", body)}`,
        },
      };
    },
    accepts: ({ headers, secret, text }) => {
      new Orb({ apiKey: "test" }).webhooks.verifySignature(text, headers, secret);
      return true;
    },
  },
  {
    provider: "mux",
    packages: ["@mux/mux-node"],
    secrets: SECRETS,
    signature: { header: "mux-signature" },
    timestamp: { tolerance_s: 300 },
    sign: (request) => ({ headers: { "Mux-Signature": pair(request) } }),
    accepts: async ({ headers, secret, text }) => {
      await new Mux({ tokenId: "id", tokenSecret: "secret" }).webhooks.verifySignature(text, headers, secret);
      return true;
    },
  },
  {
    provider: "workos",
    packages: ["@workos-inc/node"],
    secrets: SECRETS,
    signature: { header: "workos-signature" },
    timestamp: { tolerance_s: 180 },
    sign: (request) => ({ headers: { "WorkOS-Signature": pair(request, 1000).replace(",", ", ") } }),
    accepts: ({ headers, secret, text }) =>
      new WorkOS("sk_test").webhooks.verifyHeader({ payload: text, sigHeader: headers["workos-signature"], secret }),
  },
  {
    provider: "terra",
    lax: ["wrong case"],
    packages: ["terra-api"],
    secrets: SECRETS,
    signature: { header: "terra-signature" },
    timestamp: { tolerance_s: 300 },
    sign: (request) => ({ headers: { "terra-signature": pair(request) } }),
    accepts: ({ headers, secret, text }) => verifyTerraWebhookSignature(text, headers["terra-signature"], secret),
  },
  {
    provider: "retell",
    lax: ["wrong case"],
    packages: ["retell-sdk"],
    secrets: SECRETS,
    signature: { header: "x-retell-signature" },
    timestamp: { tolerance_s: 300 },
    sign: async ({ secret, text, timestamp_s }) => ({
      headers: { "X-Retell-Signature": await retell.sign(text, secret, timestamp_s * 1000) },
    }),
    accepts: ({ headers, secret, text }) => retell.verify(text, secret, headers["x-retell-signature"]),
  },
  {
    provider: "sanity",
    packages: ["@sanity/webhook"],
    secrets: SECRETS,
    signature: { header: SIGNATURE_HEADER_NAME },
    encoding: "base64url",
    timestamp: { tolerance_s: null },
    sign: async ({ secret, text, timestamp_s }) => ({
      headers: { [SIGNATURE_HEADER_NAME]: await encodeSignatureHeader(text, timestamp_s * 1000, secret) },
    }),
    accepts: async ({ headers, secret, text }) => {
      decodeSignatureHeader(headers[SIGNATURE_HEADER_NAME]);
      return isValidSignature(text, headers[SIGNATURE_HEADER_NAME], secret);
    },
  },
  {
    // As Standard Webhooks, but for the names of the headers.
    provider: "finch",
    packages: ["@tryfinch/finch-api"],
    secrets: ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "NfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    signature: { header: "finch-signature" },
    encoding: "base64",
    timestamp: { tolerance_s: 300 },
    sign: ({ body, id, secret, timestamp_s }) => {
      const key = Buffer.from(secret, "base64");
      const signature = hmac("sha256", key, "base64", `${id}.${timestamp_s}.`, body);
      return {
        headers: {
          "Finch-Event-Id": id,
          "Finch-Timestamp": String(timestamp_s),
          "Finch-Signature": `v1,${signature}`,
        },
      };
    },
    accepts: ({ headers, secret, text }) => {
      new Finch({ accessToken: "test" }).webhooks.verifySignature(text, headers, secret);
      return true;
    },
  },
  ...["sha1", "sha256"].map((algorithm) => ({
    // Not an HMAC: a hash with the secret at the end.
    provider: "cloudinary",
    scheme: algorithm,
    packages: ["cloudinary"],
    secrets: SECRETS,
    signature: { header: "x-cld-signature" },
    timestamp: { tolerance_s: 7200 },
    sign: ({ body, secret, timestamp_s }) => ({
      headers: {
        "X-Cld-Timestamp": String(timestamp_s),
        "X-Cld-Signature": hash(algorithm, "hex", body, String(timestamp_s), secret),
      },
    }),
    accepts: ({ headers, secret, text }) => {
      cloudinary.v2.config({ api_secret: secret, signature_algorithm: algorithm });
      return cloudinary.v2.utils.verifyNotificationSignature(
        text,
        Number(headers["x-cld-timestamp"]),
        headers["x-cld-signature"],
      );
    },
  })),
];
