// Signs requests as the providers do, and says whether the providers' own packages accept a request.
//
// in:  {"ask": "cases"}
// out: {"cases": [...]}, fields as in case.mjs
//
// in:  {"ask": "sign", "provider", "scheme"?, "secret", "settings"?, "method", "url", "body_base64",
//       "timestamp_s", "id"}
// out: {"method", "url", "headers": [[name, value], ...], "body_base64", "certificate"?}
//
// in:  {"ask": "accepts", ...the same, "headers"}, the request as it arrived at `timestamp_s`
// out: {"ok": true} or {"ok": false, "why"}
//
// or:  {"error": message}

import { completed, described, judged, lowerCase, signed, withText } from "./case.mjs";
import { setClock } from "./clock.mjs";
import { answerLines, bodyBytes } from "./lines.mjs";
import { endPython } from "./python.mjs";
import { signers } from "./signers.mjs";

const cases = new Map();
for (const signer of signers.map(completed)) {
  const key = keyOf(signer);
  if (cases.has(key)) {
    throw new Error(`two signers for ${key}`);
  }
  cases.set(key, signer);
}

function keyOf({ provider, scheme }) {
  return scheme == null ? provider : `${provider}/${scheme}`;
}

await answerLines(async ({ ask, ...question }) => {
  if (ask === "cases") {
    return { cases: [...cases.values()].map(described) };
  }
  const signer = cases.get(keyOf(question));
  if (signer === undefined) {
    throw new Error(`no signer for ${keyOf(question)}`);
  }
  for (const field of ["secret", "method", "url", "id"]) {
    if (typeof question[field] !== "string") {
      throw new Error(`${field} is missing`);
    }
  }
  if (!Number.isSafeInteger(question.timestamp_s)) {
    throw new Error("timestamp_s is missing or not a whole number");
  }
  setClock(question.timestamp_s);
  const request = { ...question, settings: question.settings ?? {}, body: bodyBytes(question.body_base64) };
  if (ask === "sign") {
    return signed(signer, withText(request));
  }
  if (ask === "accepts") {
    return judged(signer, withText({ ...request, headers: lowerCase(question.headers) }), request);
  }
  throw new Error(`nothing is known about asking ${ask}`);
});

await endPython();
// Some SDKs leave timers behind that would keep the process.
process.exit();
