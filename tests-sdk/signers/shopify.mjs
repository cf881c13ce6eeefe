// Shopify: its SDK only verifies. Its newer event subscriptions have header names of their own.

import "@shopify/shopify-api/adapters/node";
import { shopifyApi } from "@shopify/shopify-api";

import { hmac } from "../digest.mjs";

const HEADERS = {
  webhooks: {
    "X-Shopify-Topic": "orders/create",
    "X-Shopify-Shop-Domain": "test-shop.myshopify.com",
    "X-Shopify-API-Version": "2025-07",
  },
  events: {
    "Shopify-Topic": "Order",
    "Shopify-Shop-Domain": "test-shop.myshopify.com",
    "Shopify-API-Version": "2025-07",
    "Shopify-Handle": "orders",
    "Shopify-Action": "update",
    "Shopify-Resource-Id": "gid://shopify/Order/1",
    "Shopify-Event-Id": "0d3e1d3a-3c94-4f41-a2f3-6ecb0c1e7a4f",
  },
};

function sdk(apiSecretKey) {
  return shopifyApi({
    apiKey: "test",
    apiSecretKey,
    apiVersion: "2025-07",
    hostName: "example.com",
    isEmbeddedApp: false,
    logger: { level: 0 },
  });
}

function signer(scheme, prefix, headers) {
  return {
    provider: "shopify",
    scheme,
    packages: ["@shopify/shopify-api"],
    secrets: ["hush", "husk"],
    signature: { header: `${prefix}hmac-sha256`.toLowerCase() },
    encoding: "base64",
    sign: ({ body, id, secret }) => ({
      headers: {
        ...headers,
        [`${prefix}Webhook-Id`]: id,
        [`${prefix}Hmac-SHA256`]: hmac("sha256", secret, "base64", body),
      },
    }),
    accepts: async ({ headers, method, secret, text, url }) => {
      const rawRequest = { headers, method, url };
      const verdict = await sdk(secret).webhooks.validate({ rawBody: text, rawRequest, rawResponse: {} });
      return verdict.valid;
    },
  };
}

export default [signer(undefined, "X-Shopify-", HEADERS.webhooks), signer("events", "Shopify-", HEADERS.events)];
