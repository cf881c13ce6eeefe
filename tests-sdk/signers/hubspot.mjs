// HubSpot: its SDK signs all three versions; the first two are plain hashes with the secret in front.

import hubspot from "@hubspot/api-client";

const { Signature } = hubspot;
const SECRETS = ["yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy", "zyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"];

const whole = { host: true, path: true, query: true };
const signer = { provider: "hubspot", packages: ["@hubspot/api-client"], secrets: SECRETS };

function signature({ method, secret, text, url }, version, timestamp) {
  return Signature.getSignature(method, version, { clientSecret: secret, requestBody: text, timestamp, url });
}

function holds({ method, secret, text, url }, signature, signatureVersion, timestamp) {
  return Signature.isValid({
    method,
    url,
    requestBody: text,
    clientSecret: secret,
    signature,
    signatureVersion,
    timestamp,
  });
}

function old(version, signs) {
  return {
    ...signer,
    scheme: version,
    signature: { header: "x-hubspot-signature" },
    signs,
    sign: (request) => ({
      headers: {
        "X-HubSpot-Signature-Version": version,
        "X-HubSpot-Signature": signature(request, version),
      },
    }),
    accepts: (request) =>
      holds(request, request.headers["x-hubspot-signature"], request.headers["x-hubspot-signature-version"]),
  };
}

export default [
  {
    ...signer,
    scheme: "v3",
    signature: { header: "x-hubspot-signature-v3" },
    encoding: "base64",
    timestamp: { tolerance_s: 300 },
    signs: whole,
    sign: (request) => {
      const timestamp = request.timestamp_s * 1000;
      return {
        headers: {
          "X-HubSpot-Request-Timestamp": String(timestamp),
          "X-HubSpot-Signature-V3": signature(request, "v3", timestamp),
        },
      };
    },
    accepts: (request) =>
      holds(
        request,
        request.headers["x-hubspot-signature-v3"],
        "v3",
        Number(request.headers["x-hubspot-request-timestamp"]),
      ),
  },
  old("v2", whole),
  old("v1", undefined),
];
