// PayPal: signed in signers.py with a certificate from a throw-away authority, verified by the Python SDK.

import { askPython } from "../python.mjs";

export default [
  {
    provider: "paypal",
    packages: ["pypi:paypalrestsdk"],
    // The webhook's id, which is not secret but signed.
    secrets: ["8PT597110X687430LKGECATA", "9PT597110X687430LKGECATA"],
    signature: { header: "paypal-transmission-sig" },
    encoding: "base64",
    sign: (request) => askPython("paypal_sign", request),
    accepts: (sent) => askPython("paypal_accepts", sent),
  },
];
