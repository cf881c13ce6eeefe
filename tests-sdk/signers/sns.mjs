// Amazon SNS: signs some fields of the message with a key whose certificate the package fetches; here the certificate
// is ours, the rest is the package's.

import { sign } from "node:crypto";
import https from "node:https";
import { Readable } from "node:stream";

import MessageValidator from "sns-validator";

import { askPython } from "../python.mjs";

const pairs = await askPython("sns_certificates");
const CERTIFICATE_URL = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-test.pem";
const FIELDS = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];

function signer(version, digest) {
  return {
    provider: "aws-sns",
    scheme: `v${version}`,
    packages: ["sns-validator"],
    // The certificates that stand behind the address in the message.
    secrets: pairs.map(({ certificate }) => certificate),
    settings: {},
    signature: { after: '"Signature":"' },
    encoding: "base64",
    signs: { body: "fields" },
    any_body: false,
    covered: "thing.happened",
    content_type: "text/plain; charset=UTF-8",
    sign: ({ id, secret, timestamp_s }) => {
      const message = {
        Type: "Notification",
        MessageId: id,
        TopicArn: "arn:aws:sns:us-east-1:123456789012:MyTopic",
        Subject: "Zoë",
        Message: '{"type":"thing.happened"}',
        Timestamp: new Date(timestamp_s * 1000).toISOString(),
        SignatureVersion: version,
      };
      const content = FIELDS.map((name) => `${name}\n${message[name]}\n`).join("");
      const { key, certificate } = pairs.find((pair) => pair.certificate === secret);
      message.Signature = sign(digest, Buffer.from(content), key).toString("base64");
      message.SigningCertURL = CERTIFICATE_URL;
      return {
        body: JSON.stringify(message),
        headers: { "x-amz-sns-message-type": "Notification" },
        certificate,
      };
    },
    accepts: ({ secret, text }) => validated(text, secret),
  };
}

function validated(text, certificate) {
  const { get } = https;
  https.get = (_url, answer) => {
    answer(Object.assign(Readable.from([certificate]), { statusCode: 200 }));
    return { on: () => {} };
  };
  // The package remembers certificates by address, so each gets its own.
  const message = JSON.parse(text);
  message.SigningCertURL = message.SigningCertURL.replace(
    "-test",
    `-${pairs.findIndex((pair) => pair.certificate === certificate)}`,
  );
  return new Promise((resolve, reject) => {
    new MessageValidator().validate(message, (error) => (error ? reject(error) : resolve(true)));
  }).finally(() => {
    https.get = get;
  });
}

export default [signer("1", "sha1"), signer("2", "sha256")];
