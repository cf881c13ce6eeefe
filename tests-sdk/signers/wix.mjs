// Wix: the body is a token as a whole.

import { AppStrategy } from "@wix/sdk";

import { jws } from "../jws.mjs";
import { forms, privateKeyOf, twoPublicKeys } from "../keys.mjs";

export default [
  {
    provider: "wix",
    packages: ["@wix/sdk"],
    secrets: twoPublicKeys("rsa", { modulusLength: 2048 }, forms.pem),
    signature: { body: true },
    encoding: "jwt",
    timestamp: { tolerance_s: 300 },
    any_body: false,
    content_type: "text/plain",
    sign: ({ secret, text, timestamp_s }) => {
      const claims = {
        data: JSON.stringify({ data: text, instanceId: "6d8bf65a", eventType: "wix.test.v1.happened" }),
        iat: timestamp_s,
        exp: timestamp_s + 300,
      };
      return { headers: {}, body: jws({ alg: "RS256", typ: "JWT" }, claims, privateKeyOf(secret)) };
    },
    accepts: async ({ secret, text }) => {
      const { valid } = await AppStrategy({ appId: "app", publicKey: secret }).decodeJWT(text);
      return valid;
    },
  },
];
