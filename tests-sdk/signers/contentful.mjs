// Contentful: its SDK signs method, path, headers and body in a canonical form of its own.

import { signRequest, verifyRequest } from "@contentful/node-apps-toolkit";

export default [
  {
    provider: "contentful",
    packages: ["@contentful/node-apps-toolkit"],
    secrets: ["a".repeat(64), "b".repeat(64)],
    signature: { header: "x-contentful-signature" },
    timestamp: { tolerance_s: 30 },
    signs: { path: true, query: true },
    content_type: "application/vnd.contentful.management.v1+json",
    sign: ({ method, secret, text, timestamp_s, url }) => {
      const headers = { "X-Contentful-Topic": "ContentManagement.Entry.publish" };
      const request = { method, path: pathOf(url), headers, body: text };
      return { headers: { ...headers, ...signRequest(secret, request, timestamp_s * 1000) } };
    },
    accepts: ({ headers, method, secret, text, url }) =>
      verifyRequest(secret, { method, path: pathOf(url), headers, body: text }, 30),
  },
];

function pathOf(url) {
  const { pathname, search } = new URL(url);
  return pathname + search;
}
