// An OAuth2 server, `oidc-provider`, with one client that gets tokens for its credentials.
//
// in:  {"ask": "start", "client_id", "client_secret", "client_auth": "client_secret_basic" | "client_secret_post",
//       "scope", "lifetime_s"}
// out: {"token_url"}
//
// in:  {"ask": "inspect", "token"}
// out: {"active", "client_id", "scope"}: what the server knows of the token
//
// in:  {"ask": "revoke", "token"}
// out: {}
//
// in:  {"ask": "issued"}
// out: {"issued"}: how many tokens there were
//
// or:  {"error": message}

import { createServer } from "node:http";

import Provider from "oidc-provider";

import { answerLines } from "./lines.mjs";

let running;

async function start({ client_id, client_secret, client_auth, scope, lifetime_s }) {
  const server = createServer();
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${server.address().port}`;
  const client = {
    client_id,
    client_secret,
    token_endpoint_auth_method: client_auth,
    grant_types: ["client_credentials"],
    response_types: [],
    redirect_uris: [],
    scope,
  };
  const provider = new Provider(url, {
    clients: [client],
    clientAuthMethods: ["client_secret_basic", "client_secret_post"],
    scopes: scope.split(" "),
    ttl: { ClientCredentials: lifetime_s },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
    },
  });
  running = { provider, issued: 0 };
  provider.on("grant.success", () => running.issued++);
  server.on("request", provider.callback());
  return { token_url: `${url}/token` };
}

await answerLines(async ({ ask, token, ...question }) => {
  switch (ask) {
    case "start":
      return start(question);
    case "issued":
      return { issued: running.issued };
    case "inspect": {
      const found = await running.provider.ClientCredentials.find(token);
      return { active: found !== undefined, client_id: found?.clientId, scope: found?.scope };
    }
    case "revoke":
      await (await running.provider.ClientCredentials.find(token))?.destroy();
      return {};
    default:
      throw new Error(`nothing is known about asking ${ask}`);
  }
});

// The server would keep the process.
process.exit();
