// A program that knows the API by its description alone: it makes a source, a destination and a connection, sends a
// request, and looks at what became of it. `tsc` checks it against the types that openapi-typescript makes.
//
//   node client.js API KEY PUBLIC RECEIVER

import createClient from "openapi-fetch";

import type { components, paths } from "./generated/schema.js";

type Problem = components["schemas"]["Problem"];
type Answer<T> = { data?: T; error?: Problem; response: Response };

const [api, key, publicUrl, receiver] = process.argv.slice(2) as [string, string, string, string];
const client = createClient<paths>({ baseUrl: api, headers: { Authorization: `Bearer ${key}` } });

function data<T>({ data, error, response }: Answer<T>): T {
  if (data === undefined) {
    throw new Error(`${response.status} ${error?.code}: ${error?.detail}`);
  }
  return data;
}

const source = data(
  await client.POST("/api/v1/sources", { body: { name: "shop", provider: "none", answer: { status: 202 } } }),
);
const destination = data(
  await client.POST("/api/v1/destinations", {
    body: { name: "app", type: "http", url: receiver, rate: { limit: 100, per: "second" } },
  }),
);
const connection = data(
  await client.POST("/api/v1/connections", {
    body: {
      name: "shop-to-app",
      source_id: source.id,
      destination_id: destination.id,
      rules: [{ type: "filter", body: { paid: true } }],
      retry: { schedule: "custom", waits_ms: [1000] },
    },
  }),
);

const sent = await fetch(`${publicUrl}/${source.token}`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ paid: true }),
});
if (sent.status !== 202) {
  throw new Error(`the request was answered ${sent.status}`);
}

async function delivered(): Promise<components["schemas"]["Event"]> {
  for (;;) {
    const query = { connection_id: connection.id, state: "successful" } as const;
    const list = data(await client.GET("/api/v1/events", { params: { query } }));
    const event = list.data[0];
    if (event !== undefined) {
      return event;
    }
  }
}
const event = await delivered();
const attempts = data(
  await client.GET("/api/v1/events/{id}/attempts", { params: { path: { id: event.id } } }),
);

// What is wrong has a type too.
const wrong = await client.PATCH("/api/v1/sources/{id}", {
  params: { path: { id: source.id } },
  // @ts-expect-error A status is a number.
  body: { answer: { status: "200" } },
});
const nothing = await client.GET("/api/v1/sources/{id}", { params: { path: { id: "src_0000000000000" } } });

console.log(
  JSON.stringify({
    event_id: event.id,
    attempts: attempts.data.map((attempt) => attempt.status),
    wrong: [wrong.error?.code, wrong.error?.field],
    nothing: nothing.error?.status,
  }),
);
