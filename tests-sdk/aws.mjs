// Signs requests for AWS with AWS' own signer, `@smithy/signature-v4`.
//
// in:  {"method", "target", "headers": {name: value}, "body_base64", "time_s", "region", "service",
//       "access_key_id", "secret_access_key", "session_token"?}, the headers to sign, with the host
// out: {"authorization"} or {"error": message}

import { createHash, createHmac } from "node:crypto";

import { SignatureV4 } from "@smithy/signature-v4";

import { answerLines, bodyBytes } from "./lines.mjs";

/** The hash as the signer wants it. */
class Sha256 {
  constructor(key) {
    this.hash = key === undefined ? createHash("sha256") : createHmac("sha256", key);
  }
  update(data) {
    this.hash.update(data);
  }
  async digest() {
    return new Uint8Array(this.hash.digest());
  }
}

/** The query as the signer wants it: names with one value, or with a list. */
function queryOf(text) {
  const query = {};
  for (const [name, value] of new URLSearchParams(text)) {
    query[name] = name in query ? [query[name], value].flat() : value;
  }
  return query;
}

await answerLines(async (asked) => {
  const { region, service, access_key_id, secret_access_key, session_token } = asked;
  const signer = new SignatureV4({
    credentials: {
      accessKeyId: access_key_id,
      secretAccessKey: secret_access_key,
      ...(session_token == null ? {} : { sessionToken: session_token }),
    },
    region,
    service,
    sha256: Sha256,
    uriEscapePath: service !== "s3",
  });
  const [path, ...query] = asked.target.split("?");
  const signed = await signer.sign(
    {
      method: asked.method,
      protocol: "https:",
      hostname: asked.headers.host,
      path,
      query: queryOf(query.join("?")),
      headers: asked.headers,
      body: bodyBytes(asked.body_base64),
    },
    { signingDate: new Date(asked.time_s * 1000) },
  );
  return { authorization: signed.headers.authorization };
});
