"""A mail server that prints each letter as a line of JSON. The first line is its port.

Arguments: how many letters are put off (451), and certificate and key for STARTTLS, which is then required; after these
the name and the password of the only one who may send.
"""

import asyncio
import email
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self, put_off):
        self.put_off = put_off

    async def handle_DATA(self, server, session, envelope):
        if self.put_off > 0:
            self.put_off -= 1
            return "451 come back later"
        letter = email.message_from_bytes(envelope.content)
        say(
            {
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "subject": str(email.header.make_header(email.header.decode_header(letter["Subject"]))),
                "text": letter.get_payload(decode=True).decode(),
                "tls": session.ssl is not None,
            }
        )
        return "250 taken"


def say(value):
    print(json.dumps(value), flush=True)


async def main():
    put_off, files = int(sys.argv[1]), sys.argv[2:4]
    context = None
    if files:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*files)
    handler, known = Handler(put_off), [part.encode() for part in sys.argv[4:6]]
    new = lambda: SMTP(
        handler,
        hostname="localhost",
        tls_context=context,
        require_starttls=bool(files),
        auth_required=bool(known),
        authenticator=lambda *who: AuthResult(success=[who[4].login, who[4].password] == known, handled=False),
    )
    server = await asyncio.get_running_loop().create_server(new, "127.0.0.1", 0)
    say(server.sockets[0].getsockname()[1])
    await server.serve_forever()


asyncio.run(main())
