// Every signer there is. A new file in signers/ is added here.

import adyen from "./signers/adyen.mjs";
import apple from "./signers/apple.mjs";
import bodyHmac from "./signers/body-hmac.mjs";
import box from "./signers/box.mjs";
import braintree from "./signers/braintree.mjs";
import chargebee from "./signers/chargebee.mjs";
import contentful from "./signers/contentful.mjs";
import crisp from "./signers/crisp.mjs";
import discord from "./signers/discord.mjs";
import dropboxSign from "./signers/dropbox-sign.mjs";
import easypost from "./signers/easypost.mjs";
import ebay from "./signers/ebay.mjs";
import github from "./signers/github.mjs";
import hubspot from "./signers/hubspot.mjs";
import hygraph from "./signers/hygraph.mjs";
import jws from "./signers/jws.mjs";
import jwt from "./signers/jwt.mjs";
import linear from "./signers/linear.mjs";
import mercadoPago from "./signers/mercado-pago.mjs";
import paypal from "./signers/paypal.mjs";
import plivo from "./signers/plivo.mjs";
import sendgrid from "./signers/sendgrid.mjs";
import shopify from "./signers/shopify.mjs";
import slack from "./signers/slack.mjs";
import solidgate from "./signers/solidgate.mjs";
import sns from "./signers/sns.mjs";
import square from "./signers/square.mjs";
import standardWebhooks from "./signers/standard-webhooks.mjs";
import stripe from "./signers/stripe.mjs";
import telnyx from "./signers/telnyx.mjs";
import timestamped from "./signers/timestamped.mjs";
import twilio from "./signers/twilio.mjs";
import wix from "./signers/wix.mjs";
import zoom from "./signers/zoom.mjs";

export const signers = [
  stripe,
  paypal,
  github,
  shopify,
  twilio,
  sendgrid,
  slack,
  hubspot,
  standardWebhooks,
  bodyHmac,
  timestamped,
  jwt,
  jws,
  adyen,
  apple,
  box,
  braintree,
  chargebee,
  contentful,
  crisp,
  discord,
  dropboxSign,
  easypost,
  ebay,
  hygraph,
  linear,
  mercadoPago,
  plivo,
  solidgate,
  sns,
  square,
  telnyx,
  wix,
  zoom,
].flat();
