// Apple's App Store: the body carries a JWS with its certificates, whose root the receiver knows.

import { createPrivateKey, X509Certificate } from "node:crypto";

import { Environment, SignedDataVerifier } from "@apple/app-store-server-library";

import { jws } from "../jws.mjs";
import { askPython } from "../python.mjs";

const chains = await askPython("apple_chains");
const BUNDLE_ID = "com.example";

const rootOf = ({ chain }) => chain[2];

export default [
  {
    provider: "apple-appstore",
    packages: ["@apple/app-store-server-library"],
    // Roots to trust in place of Apple's.
    secrets: chains.map(rootOf),
    settings: { bundle_id: BUNDLE_ID },
    signature: { after: '"signedPayload":"' },
    encoding: "jwt",
    signs: { body: "fields" },
    any_body: false,
    covered: "ZmljYXRpb25UeXBl", // of `notificationType`, in Base64
    sign: ({ id, secret, timestamp_s }) => {
      const { chain, key } = chains.find((it) => rootOf(it) === secret);
      const x5c = chain.map((pem) => new X509Certificate(pem).raw.toString("base64"));
      const payload = {
        notificationType: "TEST",
        notificationUUID: id,
        version: "2.0",
        signedDate: timestamp_s * 1000,
        data: { bundleId: BUNDLE_ID, environment: "Sandbox" },
      };
      const signedPayload = jws({ alg: "ES256", x5c }, payload, createPrivateKey(key));
      return { headers: {}, body: JSON.stringify({ signedPayload }), authority: secret };
    },
    accepts: async ({ secret, text }) => {
      const roots = [new X509Certificate(secret).raw];
      const verifier = new SignedDataVerifier(roots, false, Environment.SANDBOX, BUNDLE_ID);
      await verifier.verifyAndDecodeNotification(JSON.parse(text).signedPayload);
      return true;
    },
  },
];
