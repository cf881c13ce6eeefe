// Plivo: its SDK signs the URL with its query sorted, the form's fields sorted and a nonce.

import { createHmac } from "node:crypto";

import { validateV3Signature } from "plivo";

const FIELDS = "To=15551234567&From=15557654321&CallUUID=97ceeb52&Direction=inbound";

export default [
  {
    provider: "plivo",
    packages: ["plivo"],
    secrets: ["a-Secret-of-32-characters-or-more", "b-Secret-of-32-characters-or-more"],
    signature: { header: "x-plivo-signature-v3" },
    encoding: "base64",
    signs: { host: true, path: true, query: true },
    body: FIELDS,
    content_type: "application/x-www-form-urlencoded",
    sign: ({ id, secret, text, url }) => ({
      headers: {
        "X-Plivo-Signature-V3-Nonce": id,
        "X-Plivo-Signature-V3": createHmac("sha256", secret)
          .update(`${content(url, text)}.${id}`)
          .digest("base64"),
      },
    }),
    accepts: ({ headers, method, secret, text, url }) =>
      validateV3Signature(
        method,
        url,
        headers["x-plivo-signature-v3-nonce"],
        secret,
        headers["x-plivo-signature-v3"],
        Object.fromEntries(new URLSearchParams(text)),
      ),
  },
];

function content(url, form) {
  const [base, query = ""] = url.split("?");
  const sorted = (text) => [...new URLSearchParams(text)].sort(([a], [b]) => (a < b ? -1 : 1));
  const pairs = sorted(query).map(([name, value]) => `${name}=${value}`);
  return `${base}?${pairs.join("&")}${pairs.length > 0 ? "." : ""}${sorted(form).flat().join("")}`;
}
