// Stripe: its SDK has a maker of test headers.

import Stripe from "stripe";

export default [
  {
    provider: "stripe",
    packages: ["stripe"],
    secrets: ["whsec_5f8a1cbb2e", "whsec_5f8a1cbb2f"],
    signature: { header: "stripe-signature" },
    timestamp: { tolerance_s: 300 },
    sign: ({ secret, text, timestamp_s }) => ({
      headers: {
        "stripe-signature": Stripe.webhooks.generateTestHeaderString({ payload: text, secret, timestamp: timestamp_s }),
      },
    }),
    accepts: ({ headers, secret, text }) =>
      Stripe.webhooks.signature.verifyHeader(text, headers["stripe-signature"], secret, 300),
  },
];
