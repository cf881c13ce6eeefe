// HubSpot: its SDK signs all three versions; the first two are plain hashes with the secret in front.

import hubspot from "@hubspot/api-client";

const { Signature } = hubspot;
const SECRETS = ["yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy", "zyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"];

function old(version, signs) {
  return {
    provider: "hubspot",
    scheme: version,
    packages: ["@hubspot/api-client"],
    secrets: SECRETS,
    signature: { header: "x-hubspot-signature" },
    signs,
    sign: ({ method, secret, text, url }) => ({
      headers: {
        "X-HubSpot-Signature-Version": version,
        "X-HubSpot-Signature": Signature.getSignature(method, version, {
          clientSecret: secret,
          requestBody: text,
          url,
        }),
      },
    }),
    accepts: ({ headers, method, secret, text, url }) =>
      Signature.isValid({
        method,
        url,
        requestBody: text,
        clientSecret: secret,
        signature: headers["x-hubspot-signature"],
        signatureVersion: headers["x-hubspot-signature-version"],
      }),
  };
}

const whole = { host: true, path: true, query: true };

export default [
  {
    provider: "hubspot",
    scheme: "v3",
    packages: ["@hubspot/api-client"],
    secrets: SECRETS,
    signature: { header: "x-hubspot-signature-v3" },
    encoding: "base64",
    timestamp: { tolerance_s: 300 },
    signs: whole,
    sign: ({ method, secret, text, timestamp_s, url }) => {
      const timestamp = timestamp_s * 1000;
      const options = { clientSecret: secret, requestBody: text, timestamp, url };
      return {
        headers: {
          "X-HubSpot-Request-Timestamp": String(timestamp),
          "X-HubSpot-Signature-V3": Signature.getSignature(method, "v3", options),
        },
      };
    },
    accepts: ({ headers, method, secret, text, url }) =>
      Signature.isValid({
        method,
        url,
        requestBody: text,
        clientSecret: secret,
        signature: headers["x-hubspot-signature-v3"],
        signatureVersion: "v3",
        timestamp: Number(headers["x-hubspot-request-timestamp"]),
      }),
  },
  old("v2", whole),
  old("v1", undefined),
];
