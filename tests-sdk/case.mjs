// What a signer says about itself, with its defaults filled in, and how it is asked to sign and to accept.
//
// A signer is an object:
//   provider     the slug in Hookyard's catalogue
//   scheme       its name, where one provider signs in several ways
//   packages     the SDK's npm packages (or `pypi:<name>`) whose code signs or verifies
//   secrets      a valid secret and another valid one; for key pairs the public keys (see keys.mjs)
//   settings     what else the verifier must be told, name → text
//   signature    where the signature stands: {header}, {form} (a field), {body: true} (all of it) or
//                {after} (this text in the body, up to the next quotation mark)
//   encoding     "hex", "base64", "base64url" or "jwt": what the signature is written in
//   timestamp    undefined where none is signed; else {tolerance_s}, null where the SDK checks none
//   signs        {body: "bytes" | "fields" | "none", host, path, query: true where the signature covers them}
//   body         a body as the provider would send it; `any_body` says that any other text can be signed too
//   covered      a piece of the sent body that is signed, where not every byte is
//   lax          names of the bends (src/bend.rs) that the SDK accepts although Hookyard should not
//   sign(request)            → {headers: {name: value}, body?, url?, certificate?}
//   accepts(sent, request)   whether the SDK takes the request; throwing is a no
//
// `request` and `sent` have: method, url, body (bytes), text (the body, an error where it is not UTF-8), headers
// (lower-case names, of `sent`), secret, settings, timestamp_s, id.

import { readFileSync } from "node:fs";

import { pythonVersion } from "./python.mjs";

const BODY = '{"id":"evt_1","type":"thing.happened","data":{"name":"Zoë 📦","amount":1.50}}';

/** The signer with every field there, its source with versions. */
export function completed(signer) {
  return {
    settings: {},
    lax: [],
    encoding: "hex",
    body: BODY,
    any_body: signer.body === undefined,
    content_type: "application/json",
    ...signer,
    signs: { body: "bytes", host: false, path: false, query: false, ...signer.signs },
    source: signer.source ?? signer.packages.map(versioned).join(" "),
  };
}

/** What is told about a signer in the list of cases. */
export function described({ sign, accepts, packages, secrets, ...rest }) {
  return { ...rest, secret: secrets[0], other_secret: secrets[1] };
}

function versioned(name) {
  if (name.startsWith("pypi:")) {
    return `${name}@${pythonVersion(name.slice("pypi:".length))}`;
  }
  const manifest = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return `npm:${name}@${JSON.parse(readFileSync(manifest, "utf8")).version}`;
}

/** Signs, and lets the SDK accept what was signed before anybody sees it. */
export async function signed(signer, request) {
  const { headers, body = request.body, url = request.url, ...more } = await signer.sign(request);
  const all = { "content-type": signer.content_type, ...headers };
  const sent = withText({ ...request, url, body: Buffer.from(body), headers: lowerCase(Object.entries(all)) });
  const verdict = await judged(signer, sent, request);
  if (!verdict.ok) {
    throw new Error(`${signer.source} does not accept what was signed for it: ${verdict.why}`);
  }
  return {
    method: request.method,
    url,
    headers: Object.entries(all),
    body_base64: sent.body.toString("base64"),
    ...more,
  };
}

/** The SDK's verdict on a request that may have been bent. */
export async function judged(signer, sent, request) {
  try {
    return (await signer.accepts(sent, request)) === true ? { ok: true } : { ok: false, why: "it says no" };
  } catch (error) {
    return { ok: false, why: String(error?.message ?? error) };
  }
}

/** Adds `text`, for the SDKs that take only text: bytes that are not UTF-8 would be replaced silently. */
export function withText(request) {
  return Object.defineProperty(request, "text", {
    get: () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(request.body),
  });
}

/** Headers by lower-case name, several of one name joined as Node's HTTP server joins them. */
export function lowerCase(headers) {
  const joined = {};
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    joined[key] = key in joined ? `${joined[key]}, ${value}` : value;
  }
  return joined;
}
