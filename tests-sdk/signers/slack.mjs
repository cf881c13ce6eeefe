// Slack: its Python SDK signs and verifies. (The one on npm brings a web framework.)

import { askPython } from "../python.mjs";

export default [
  {
    provider: "slack",
    packages: ["pypi:slack-sdk"],
    secrets: ["8f742231b10e8888abcd99yyyzzz85a5", "9f742231b10e8888abcd99yyyzzz85a5"],
    signature: { header: "x-slack-signature" },
    timestamp: { tolerance_s: 300 },
    sign: (request) => askPython("slack_sign", request),
    accepts: (sent) => askPython("slack_accepts", sent),
  },
];
