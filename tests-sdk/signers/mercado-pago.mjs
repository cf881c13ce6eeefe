// Mercado Pago: signs a parameter of the URL and two headers; the body is not signed.

import { WebhookSignatureValidator } from "mercadopago";

import { hmac } from "../digest.mjs";

const PAYMENT_ID = "123456789";

export default [
  {
    provider: "mercado-pago",
    packages: ["mercadopago"],
    secrets: ["a-Secret-of-32-characters-or-more", "b-Secret-of-32-characters-or-more"],
    signature: { header: "x-signature" },
    timestamp: { tolerance_s: null },
    signs: { body: "none" },
    body: '{"action":"payment.updated","type":"payment","data":{"id":"123456789"}}',
    sign: ({ id, secret, timestamp_s, url }) => {
      const content = `id:${PAYMENT_ID};request-id:${id};ts:${timestamp_s};`;
      return {
        url: `${url}${url.includes("?") ? "&" : "?"}data.id=${PAYMENT_ID}&type=payment`,
        headers: {
          "x-request-id": id,
          "x-signature": `ts=${timestamp_s},v1=${hmac("sha256", secret, "hex", content)}`,
        },
      };
    },
    accepts: ({ headers, secret, url }) => {
      WebhookSignatureValidator.validate({
        xSignature: headers["x-signature"],
        xRequestId: headers["x-request-id"],
        dataId: new URL(url).searchParams.get("data.id"),
        secret,
      });
      return true;
    },
  },
];
