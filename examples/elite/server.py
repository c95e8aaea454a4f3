"""The metrics of a small publishing pipeline, sent to whoever connects.

    server.py [PORT]

It holds no security code: it listens on this machine alone, and what stands in front of it decides
who may connect. Once a second it sends its figures; a message `{"step": "NAME"}` marks a step of the
pipeline as done, and everybody sees it at once.
"""

import asyncio
import json
import sys

from websockets.asyncio.server import ServerConnection, broadcast, serve

STEPS = ["draft", "edit", "layout", "publish"]
PERIOD_SECS = 1.0


class Pipeline:
    """What the dashboard shows."""

    def __init__(self):
        self.tick = 0
        self.done: list[str] = []
        self.viewers: set[ServerConnection] = set()

    def figures(self) -> str:
        return json.dumps(
            {
                "tick": self.tick,
                "words": 1200 + 7 * self.tick,
                "viewers": len(self.viewers),
                "done": self.done,
            }
        )

    async def serve(self, viewer: ServerConnection) -> None:
        """One viewer, until it goes."""
        self.viewers.add(viewer)
        try:
            await viewer.send(self.figures())
            async for message in viewer:
                self.mark(message)
        finally:
            self.viewers.discard(viewer)

    def mark(self, message: str | bytes) -> None:
        step = json.loads(message).get("step")
        if step in STEPS and step not in self.done:
            self.done.append(step)
            broadcast(self.viewers, self.figures())

    async def run(self) -> None:
        while True:
            await asyncio.sleep(PERIOD_SECS)
            self.tick += 1
            broadcast(self.viewers, self.figures())


async def main(port: int) -> None:
    pipeline = Pipeline()
    async with serve(pipeline.serve, "127.0.0.1", port):
        await pipeline.run()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8765))
