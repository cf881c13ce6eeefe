// Says whether a body passes a filter, with the `simple-json-match` package.
//
// in:  {"filter", "body"}, any JSON each
// out: {"matches": true or false}, or {"error": message} where it could not be asked

import matcher from "simple-json-match";

import { answerLines } from "./lines.mjs";

// The package is CommonJS; its function is the property `default`.
const matchJsonToSchema = matcher.default;

await answerLines(({ filter, body }) => ({ matches: matchJsonToSchema(body, filter) }));
