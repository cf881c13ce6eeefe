// Adyen: payment webhooks sign some fields of each item, in the item; those of the platform sign the body.

import hmacValidator from "@adyen/api-library/lib/src/utils/hmacValidator.js";

const HmacValidator = hmacValidator.default;
const SECRETS = [
  "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
  "54782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
];

const ITEM = {
  amount: { currency: "EUR", value: 1130 },
  eventCode: "AUTHORISATION",
  eventDate: "2023-11-14T22:13:20+01:00",
  merchantAccountCode: "TestMerchant",
  merchantReference: "TestPayment-1407325143704",
  originalReference: "",
  pspReference: "7914073381342284",
  reason: "",
  success: "true",
};

export default [
  {
    provider: "adyen",
    packages: ["@adyen/api-library"],
    secrets: SECRETS,
    signature: { after: '"hmacSignature":"' },
    encoding: "base64",
    signs: { body: "fields" },
    body: JSON.stringify({ live: "false", notificationItems: [{ NotificationRequestItem: ITEM }] }),
    covered: "TestPayment-1407325143704",
    sign: ({ secret, text }) => {
      const notification = JSON.parse(text);
      for (const { NotificationRequestItem: item } of notification.notificationItems) {
        item.additionalData = { hmacSignature: new HmacValidator().calculateHmac(item, secret) };
      }
      return { headers: {}, body: JSON.stringify(notification) };
    },
    accepts: ({ secret, text }) =>
      JSON.parse(text).notificationItems.every(({ NotificationRequestItem: item }) =>
        new HmacValidator().validateHMAC(item, secret),
      ),
  },
];
