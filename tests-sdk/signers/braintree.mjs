// Braintree: its SDK makes sample notifications, a form with the signature in one of its fields.

import braintree from "braintree";

const PUBLIC_KEY = "integration_public_key";

function gateway(privateKey) {
  return new braintree.BraintreeGateway({
    environment: braintree.Environment.Sandbox,
    merchantId: "integration_merchant_id",
    publicKey: PUBLIC_KEY,
    privateKey,
  });
}

export default [
  {
    provider: "braintree",
    packages: ["braintree"],
    secrets: ["integration_private_key", "integration_private_kez"],
    settings: { public_key: PUBLIC_KEY },
    signature: { form: "bt_signature" },
    signs: { body: "fields" },
    any_body: false,
    covered: "PG5vdGlm", // how its payload starts: `<notif` in Base64
    content_type: "application/x-www-form-urlencoded",
    sign: async ({ secret }) => {
      const kind = braintree.WebhookNotification.Kind.SubscriptionWentPastDue;
      const fields = await gateway(secret).webhookTesting.sampleNotification(kind, "my_id");
      return { headers: {}, body: new URLSearchParams(fields).toString() };
    },
    accepts: async ({ secret, text }) => {
      const fields = new URLSearchParams(text);
      await gateway(secret).webhookNotification.parse(fields.get("bt_signature"), fields.get("bt_payload"));
      return true;
    },
  },
];
