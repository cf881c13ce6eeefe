// Providers that send a JSON Web Token which vouches for the request with hashes among its claims.

import { createSecretKey } from "node:crypto";

import { Receiver } from "@upstash/qstash";
import { verifySignature } from "@vonage/jwt";
import * as atlassian from "atlassian-jwt";
import messagebirdSignature from "messagebird/lib/webhook-signature-jwt.js";

import { hash } from "../digest.mjs";
import { claimsOf, jws } from "../jws.mjs";

const SECRETS = ["a-Secret-of-32-characters-or-more", "b-Secret-of-32-characters-or-more"];
const HS256 = { alg: "HS256", typ: "JWT" };
const whole = { host: true, path: true, query: true };

function signer(provider, sdk, header) {
  return { provider, packages: [sdk], secrets: SECRETS, signature: { header }, encoding: "jwt" };
}

function bearer(headers) {
  const [scheme, token] = headers.authorization.split(" ");
  if (scheme !== "Bearer") {
    throw new Error("not a bearer token");
  }
  return token;
}

export default [
  {
    ...signer("upstash-qstash", "@upstash/qstash", "upstash-signature"),
    timestamp: { tolerance_s: 300 },
    signs: whole,
    sign: ({ body, id, secret, timestamp_s, url }) => {
      const claims = {
        iss: "Upstash",
        sub: url,
        exp: timestamp_s + 300,
        nbf: timestamp_s,
        iat: timestamp_s,
        jti: id,
        // Padded, as QStash does; the SDK compares without the padding.
        body: `${hash("sha256", "base64url", body)}=`,
      };
      return { headers: { "Upstash-Signature": jws(HS256, claims, secret) } };
    },
    accepts: ({ headers, secret, text, url }) =>
      new Receiver({ currentSigningKey: secret, nextSigningKey: secret }).verify({
        signature: headers["upstash-signature"],
        body: text,
        url,
      }),
  },
  {
    ...signer("messagebird", "messagebird", "messagebird-signature-jwt"),
    timestamp: { tolerance_s: 60 },
    signs: whole,
    sign: ({ body, id, secret, timestamp_s, url }) => {
      const claims = {
        iss: "MessageBird",
        nbf: timestamp_s,
        iat: timestamp_s,
        exp: timestamp_s + 60,
        jti: id,
        url_hash: hash("sha256", "hex", url),
        payload_hash: hash("sha256", "hex", body),
      };
      return { headers: { "MessageBird-Signature-JWT": jws(HS256, claims, secret) } };
    },
    accepts: ({ body, headers, secret, url }) =>
      messagebirdSignature.verify(
        url,
        body,
        headers["messagebird-signature-jwt"],
        createSecretKey(Buffer.from(secret)),
      ),
  },
  {
    // The SDK verifies the token; that its hash is the body's is left to the receiver.
    ...signer("vonage", "@vonage/jwt", "authorization"),
    timestamp: { tolerance_s: null },
    sign: ({ body, id, secret, timestamp_s }) => {
      const claims = {
        iss: "Vonage",
        iat: timestamp_s,
        jti: id,
        api_key: "abcd1234",
        application_id: "78d335fa-323d-0114-9c3d-d6f0d48968cf",
        payload_hash: hash("sha256", "hex", body),
      };
      return { headers: { Authorization: `Bearer ${jws(HS256, claims, secret)}` } };
    },
    accepts: ({ body, headers, secret }) => {
      const token = bearer(headers);
      return verifySignature(token, secret) && claimsOf(token).payload_hash === hash("sha256", "hex", body);
    },
  },
  {
    // The SDK verifies the token and hashes the request; that the two hashes are one and that the token has not
    // expired is left to the receiver.
    ...signer("jira-connect", "atlassian-jwt", "authorization"),
    timestamp: { tolerance_s: 180 },
    lax: ["old timestamp"],
    signs: { body: "none", path: true, query: true },
    sign: ({ method, secret, timestamp_s, url }) => {
      const claims = { iss: "client-key", iat: timestamp_s, exp: timestamp_s + 180, qsh: queryHash(method, url) };
      return { headers: { Authorization: `JWT ${atlassian.encodeSymmetric(claims, secret)}` } };
    },
    accepts: ({ headers, method, secret, url }) => {
      const [scheme, token] = headers.authorization.split(" ");
      return scheme === "JWT" && atlassian.decodeSymmetric(token, secret, "HS256").qsh === queryHash(method, url);
    },
  },
];

function queryHash(method, url) {
  return atlassian.createQueryStringHash(atlassian.fromMethodAndUrl(method, url));
}
