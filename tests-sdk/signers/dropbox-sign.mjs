// Dropbox Sign: a form with one file-less part `json`, in which stands the signature of two of its fields.

import dropboxSign from "@dropbox/sign";

import { hmac } from "../digest.mjs";

const { EventCallbackHelper, EventCallbackRequest, ObjectSerializer } = dropboxSign;
const BOUNDARY = "----------------------------f1b0a9c2d3";

export default [
  {
    provider: "dropbox-sign",
    packages: ["@dropbox/sign"],
    secrets: ["a-Secret-of-32-characters-or-more", "b-Secret-of-32-characters-or-more"],
    signature: { after: '"event_hash":"' },
    signs: { body: "fields" },
    any_body: false,
    covered: "signature_request_viewed",
    content_type: `multipart/form-data; boundary=${BOUNDARY}`,
    sign: ({ secret, timestamp_s }) => {
      const event_time = String(timestamp_s);
      const event_type = "signature_request_viewed";
      const event_hash = hmac("sha256", secret, "hex", event_time, event_type);
      const json = JSON.stringify({ event: { event_type, event_time, event_hash, event_metadata: {} } });
      const body = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="json"\r\n\r\n${json}\r\n--${BOUNDARY}--\r\n`;
      return { headers: {}, body };
    },
    accepts: ({ secret, text }) => {
      const json = JSON.parse(text.split("\r\n\r\n")[1].split(`\r\n--${BOUNDARY}`)[0]);
      return EventCallbackHelper.isValid(secret, ObjectSerializer.deserialize(json, "EventCallbackRequest"));
    },
  },
];
