// SendGrid's event webhook: ECDSA with a key pair per account, verified by its SDK.

import { createSign } from "node:crypto";

import eventWebhook from "@sendgrid/eventwebhook";

import { forms, privateKeyOf, twoPublicKeys } from "../keys.mjs";

const { EventWebhook, EventWebhookHeader } = eventWebhook;

export default [
  {
    provider: "sendgrid",
    packages: ["@sendgrid/eventwebhook"],
    secrets: twoPublicKeys("ec", { namedCurve: "P-256" }, forms.spkiBase64),
    signature: { header: EventWebhookHeader.SIGNATURE().toLowerCase() },
    encoding: "base64",
    timestamp: { tolerance_s: null },
    sign: ({ body, secret, timestamp_s }) => ({
      headers: {
        [EventWebhookHeader.TIMESTAMP()]: String(timestamp_s),
        [EventWebhookHeader.SIGNATURE()]: createSign("sha256")
          .update(String(timestamp_s))
          .update(body)
          .sign(privateKeyOf(secret), "base64"),
      },
    }),
    accepts: ({ body, headers, secret }) => {
      const verifier = new EventWebhook();
      return verifier.verifySignature(
        verifier.convertPublicKeyToECDSA(secret),
        body,
        headers[EventWebhookHeader.SIGNATURE().toLowerCase()],
        headers[EventWebhookHeader.TIMESTAMP().toLowerCase()],
      );
    },
  },
];
