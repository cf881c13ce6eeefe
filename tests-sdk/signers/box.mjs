// Box: signs the body, then the timestamp; with two keys, of which the second is optional.

import { hmac } from "../digest.mjs";
import { askPython } from "../python.mjs";

export default [
  {
    provider: "box",
    packages: ["pypi:boxsdk"],
    secrets: ["a-Secret-of-32-characters-or-more", "b-Secret-of-32-characters-or-more"],
    signature: { header: "box-signature-primary" },
    encoding: "base64",
    // What Box's SDK for Node allows; the one for Python does not look.
    timestamp: { tolerance_s: 600 },
    lax: ["old timestamp"],
    sign: ({ body, id, secret, timestamp_s }) => {
      const timestamp = new Date(timestamp_s * 1000).toISOString().replace(".000Z", "-00:00");
      return {
        headers: {
          "BOX-DELIVERY-ID": id,
          "BOX-DELIVERY-TIMESTAMP": timestamp,
          "BOX-SIGNATURE-ALGORITHM": "HmacSHA256",
          "BOX-SIGNATURE-PRIMARY": hmac("sha256", secret, "base64", body, timestamp),
          "BOX-SIGNATURE-VERSION": "1",
        },
      };
    },
    accepts: (sent) => askPython("box_accepts", sent),
  },
];
