"""Signers whose SDK is on PyPI: one line of JSON in, one out (see python.mjs, which starts this).

in:  {"call": "<provider>_sign" | "<provider>_accepts", ...the request as in case.mjs, "body_base64"}
out: what the function returns, or {"error": message}
"""

import base64
import datetime
import json
import sys
import zlib

from boxsdk.object.webhook import Webhook as BoxWebhook
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from OpenSSL import crypto
from paypalrestsdk.notifications import WebhookEvent
from slack_sdk.signature import Clock, SignatureVerifier


def body_of(request):
    return base64.b64decode(request["body_base64"])


# Slack


class SetClock(Clock):
    def __init__(self, timestamp_s):
        self.timestamp_s = timestamp_s

    def now(self):
        return self.timestamp_s


def slack(request):
    return SignatureVerifier(request["secret"], SetClock(request["timestamp_s"]))


def slack_sign(request):
    timestamp = str(request["timestamp_s"])
    signature = slack(request).generate_signature(timestamp=timestamp, body=body_of(request))
    return {"headers": {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}}


def slack_accepts(request):
    return slack(request).is_valid_request(body_of(request), request["headers"])


# PayPal. The SDK fetches the certificate and holds its chain against the roots that it ships; here both are ours,
# and everything else is the SDK's.


class PayPal:
    def __init__(self):
        ca_key, self.key = rsa_key(), rsa_key()
        self.authority = certificate("Throw-away CA", ca_key, "Throw-away CA", ca_key, is_ca=True)
        self.certificate = certificate("messageverificationcerts.paypal.com", self.key, "Throw-away CA", ca_key)


def rsa_key():
    return rsa.generate_private_key(65537, 2048)


def certificate(subject, key, issuer, issuer_key, is_ca=False, marked=None):
    """A certificate for `key`; `marked` is an object identifier that an extension has."""

    def named(name):
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])

    # From long ago, as the tests set their own clocks.
    start = datetime.datetime(2020, 1, 1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36500))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    if not is_ca:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(subject)]), critical=False)
    if marked is not None:
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(marked), b"\x05\x00")
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def private_pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


PAYPAL = None


def paypal():
    global PAYPAL
    if PAYPAL is None:
        PAYPAL = PayPal()
        store = crypto.X509Store()
        store.add_cert(crypto.X509.from_cryptography(PAYPAL.authority))
        WebhookEvent._get_certificate_store = classmethod(lambda cls: store)
        leaf = crypto.X509.from_cryptography(PAYPAL.certificate)
        WebhookEvent._get_cert = staticmethod(lambda url: leaf)
    return PAYPAL


def paypal_sign(request):
    pair = paypal()
    at = datetime.datetime.fromtimestamp(request["timestamp_s"], datetime.timezone.utc)
    time = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    crc32 = zlib.crc32(body_of(request)) & 0xFFFFFFFF
    content = f"{request['id']}|{time}|{request['secret']}|{crc32}"
    signature = pair.key.sign(content.encode(), padding.PKCS1v15(), hashes.SHA256())
    cert_url = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-7ac8bb47"
    return {
        "headers": {
            "PAYPAL-TRANSMISSION-ID": request["id"],
            "PAYPAL-TRANSMISSION-TIME": time,
            "PAYPAL-TRANSMISSION-SIG": base64.b64encode(signature).decode(),
            "PAYPAL-CERT-URL": request["settings"].get("cert_url", cert_url),
            "PAYPAL-AUTH-ALGO": "SHA256withRSA",
        },
        "certificate": pem(pair.certificate),
        "authority": pem(pair.authority),
    }


def paypal_accepts(request):
    paypal()
    headers = request["headers"]
    return WebhookEvent.verify(
        headers["paypal-transmission-id"],
        headers["paypal-transmission-time"],
        request["secret"],
        body_of(request).decode(),
        headers["paypal-cert-url"],
        headers["paypal-transmission-sig"],
        headers["paypal-auth-algo"],
    )


# Amazon SNS: nothing but a key with a certificate; sns.mjs does the rest.


def sns_certificates(request):
    def one():
        key = rsa_key()
        return {"key": private_pem(key), "certificate": pem(certificate("sns.amazonaws.com", key, "Amazon", key))}

    return [one(), one()]


# Apple: chains as its library wants them, with the marks of Apple's own; apple.mjs does the rest.


def apple_chains(request):
    def one():
        root_key, middle_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        root = certificate("Throw-away Root", root_key, "Throw-away Root", root_key, is_ca=True)
        middle = certificate(
            "Throw-away WWDR", middle_key, "Throw-away Root", root_key, is_ca=True, marked="1.2.840.113635.100.6.2.1"
        )
        leaf = certificate("App Store", key, "Throw-away WWDR", middle_key, marked="1.2.840.113635.100.6.11.1")
        return {"key": private_pem(key), "chain": [pem(leaf), pem(middle), pem(root)]}

    return [one(), one()]


# Box: its SDK verifies.


def box_accepts(request):
    return BoxWebhook.validate_message(body_of(request), request["headers"], request["secret"])


CALLS = {
    call.__name__: call
    for call in (slack_sign, slack_accepts, paypal_sign, paypal_accepts, sns_certificates, apple_chains, box_accepts)
}


def main():
    # The SDKs may print; standard output is for answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        try:
            question = json.loads(line)
            answer = CALLS[question["call"]](question)
        except Exception as error:  # whatever it was, the asker is told
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


main()
