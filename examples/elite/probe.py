"""Opens a WebSocket with the client of `websockets` and prints as JSON what happened.

    probe.py URL ORIGIN|- COMPRESSION|- [MESSAGE ...]

Sends each message, reads one answer to each, and closes. `closed` is the code with which the other
side closed first; `null` when it did not. `status` is the answer to a handshake that was refused.
"""

import asyncio
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

PATIENCE_SECS = 20


async def probe(url: str, origin: str | None, compression: str | None, messages: list[str]) -> dict:
    result = {"status": None, "answers": [], "closed": None, "compressed": False}
    try:
        async with asyncio.timeout(PATIENCE_SECS):
            async with connect(
                url, origin=origin, compression=compression, proxy=None, max_size=None
            ) as socket:
                result["compressed"] = bool(socket.protocol.extensions)
                for message in messages:
                    await socket.send(message)
                    result["answers"].append(await socket.recv())
    except InvalidStatus as refused:
        result["status"] = refused.response.status_code
    except ConnectionClosed as closed:
        result["closed"] = closed.rcvd.code if closed.rcvd else 1006
    return result


if __name__ == "__main__":
    _, url, origin, compression, *messages = sys.argv
    words = [None if word == "-" else word for word in (origin, compression)]
    print(json.dumps(asyncio.run(probe(url, *words, messages))))
