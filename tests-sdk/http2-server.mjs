// A destination: node's own HTTP/2 server behind TLS, which takes no HTTP/1.1.
//
// in:  {"ask": "start", "key", "certificate": in PEM, "streams_max": how many requests it allows on one connection,
//       "meeting": it answers nobody before so many have asked}
// out: {"port"}
//
// in:  {"ask": "take", "deliveries": how many}
// out: {"deliveries": [{"connection", "method", "url", "headers": [[name, value]], "body_base64"}]}: as soon as there
//      are so many; they are told once
//
// in:  {"ask": "leave"}: all connections that are open are closed in good order, as a server does that is restarted
// out: {}
//
// in:  {"ask": "connections"}
// out: {"opened", "open", "open_max"}
//
// or:  {"error": message}

import { createSecureServer } from "node:http2";

import { answerLines } from "./lines.mjs";

const sessions = new Map();
const deliveries = [];
let opened = 0;
let openMax = 0;
let told = () => {};
let waiting = [];

function start({ key, certificate, streams_max, meeting }) {
  const settings = { maxConcurrentStreams: streams_max };
  const server = createSecureServer({ key, cert: certificate, settings });
  server.on("session", (session) => {
    sessions.set(session, opened++);
    openMax = Math.max(openMax, sessions.size);
    session.on("close", () => sessions.delete(session));
    // It is the client that is looked at.
    session.on("error", () => {});
  });
  server.on("stream", async (stream, headers, _flags, raw) => {
    stream.on("error", () => {});
    const connection = sessions.get(stream.session);
    const chunks = [];
    for await (const chunk of stream) {
      chunks.push(chunk);
    }
    const pairs = [];
    for (let at = 0; at < raw.length; at += 2) {
      if (!raw[at].startsWith(":")) {
        pairs.push([raw[at], raw[at + 1]]);
      }
    }
    deliveries.push({
      connection,
      method: headers[":method"],
      url: `${headers[":scheme"]}://${headers[":authority"]}${headers[":path"]}`,
      headers: pairs,
      body_base64: Buffer.concat(chunks).toString("base64"),
    });
    told();
    waiting.push(stream);
    if (waiting.length >= meeting) {
      for (const one of waiting.splice(0)) {
        one.respond({ ":status": 200 });
        one.end("taken");
      }
    }
  });
  return new Promise((listening) => {
    server.listen(0, "127.0.0.1", () => listening({ port: server.address().port }));
  });
}

async function take(number) {
  while (deliveries.length < number) {
    await new Promise((more) => (told = more));
  }
  return { deliveries: deliveries.splice(0, number) };
}

await answerLines(async ({ ask, ...question }) => {
  switch (ask) {
    case "start":
      return start(question);
    case "take":
      return take(question.deliveries);
    case "leave":
      for (const session of sessions.keys()) {
        session.close();
      }
      return {};
    case "connections":
      return { opened, open: sessions.size, open_max: openMax };
    default:
      throw new Error(`\`${ask}\` is not known`);
  }
});
process.exit(0);
