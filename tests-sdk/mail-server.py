"""A mail server, `aiosmtpd`, that keeps what it is sent: one line of JSON in, one out, like the `.mjs` beside it.

in:  {"ask": "start", "security": "none" | "starttls" | "tls", "user", "password", "certificate", "key"}
     `user` and `password` are null where nobody has to log in, the PEM files of the certificate and its key where there is
     no TLS
out: {"port"}

in:  {"ask": "next"}
out: {"from", "to", "message", "user", "is_encrypted"}: the next email, once it is there

in:  {"ask": "refuse", "reply"}: from now on every email is answered so; null to take them
out: {}

or:  {"error": message}
"""

import asyncio
import json
import queue
import ssl
import sys
import threading

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

# How long an email is waited for, in seconds.
WAIT_S = 60


class Handler:
    def __init__(self):
        self.mails = queue.Queue()
        self.refusal = None

    async def handle_DATA(self, server, session, envelope):
        if self.refusal is not None:
            return self.refusal
        self.mails.put(
            {
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "message": envelope.content.decode(),
                "user": session.auth_data.login.decode() if session.auth_data else None,
                "is_encrypted": server.transport.get_extra_info("ssl_object") is not None,
            }
        )
        return "250 OK"


handler = Handler()
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()


def start(security, user, password, certificate, key):
    context = None
    if security != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)

    def authenticate(server, session, envelope, mechanism, data):
        expected = LoginPassword(user.encode(), password.encode())
        return AuthResult(success=data == expected, handled=False, auth_data=data)

    def session():
        return SMTP(
            handler,
            hostname="mail.test",
            tls_context=context if security == "starttls" else None,
            require_starttls=security == "starttls",
            authenticator=authenticate if user else None,
            auth_required=user is not None,
            # aiosmtpd knows only of TLS that it began itself.
            auth_require_tls=security == "starttls",
            loop=loop,
        )

    async def listen():
        wrapped = context if security == "tls" else None
        server = await loop.create_server(session, "127.0.0.1", 0, ssl=wrapped)
        return server.sockets[0].getsockname()[1]

    return {"port": asyncio.run_coroutine_threadsafe(listen(), loop).result()}


def answer(ask, **question):
    if ask == "start":
        return start(**question)
    if ask == "next":
        return handler.mails.get(timeout=WAIT_S)
    if ask == "refuse":
        handler.refusal = question["reply"]
        return {}
    raise ValueError(f"nothing is known about asking {ask}")


for line in sys.stdin:
    try:
        said = answer(**json.loads(line))
    except Exception as error:
        said = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(said), flush=True)
