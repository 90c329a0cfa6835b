"""python-socketio, both its clients and every way to the server, against the profile `interop`.

Version 5 speaks protocol 5, version 4 protocol 4, as the clients 2.x of JavaScript do.

    python clients.py URL

Each result is a line of JSON, as run.js wants it; the last line is "N passed, M failed".
"""

import asyncio
import importlib.metadata
import json
import sys
import threading
import time
import traceback

import engineio
import socketio

# What version 4 cannot: show something with CONNECT, wait for all namespaces, hear why it was disconnected.
VERSION = importlib.metadata.version("python-socketio")
IS_OLD = VERSION.startswith("4.")

WAYS = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": None}
# Nothing takes this long, however busy the machine is.
WAIT = 30

# It refuses a poll that brings more than 16 packets, also from the Node server, unless it is told otherwise.
engineio.payload.Payload.max_decode_packets = 100_000


def patience():
    return {} if IS_OLD else {"wait_timeout": WAIT}


class Threads:
    """The client that blocks. What a scenario awaits is there already."""

    def __init__(self):
        self.client = socketio.Client(reconnection=False)

    async def connect(self, url, **options):
        self.client.connect(url, **patience(), **options)

    async def emit(self, *arguments, **options):
        self.client.emit(*arguments, **options)

    async def call(self, *arguments, **options):
        return self.client.call(*arguments, timeout=WAIT, **options)

    async def disconnect(self):
        self.client.disconnect()

    async def sleep(self, seconds):
        time.sleep(seconds)


class Tasks(Threads):
    """The client of asyncio."""

    def __init__(self):
        self.client = socketio.AsyncClient(reconnection=False)

    async def connect(self, url, **options):
        await self.client.connect(url, **patience(), **options)

    async def emit(self, *arguments, **options):
        await self.client.emit(*arguments, **options)

    async def call(self, *arguments, **options):
        return await self.client.call(*arguments, timeout=WAIT, **options)

    async def disconnect(self):
        await self.client.disconnect()

    async def sleep(self, seconds):
        await asyncio.sleep(seconds)


class Seen:
    """Events of some names, as they came."""

    def __init__(self, peer, *names, namespace="/", answer=None):
        self.peer, self.events, self.lock = peer, [], threading.Lock()
        for name in names:
            peer.client.on(name, self.handler(name, answer), namespace=namespace)

    def handler(self, name, answer):
        def handle(*arguments):
            with self.lock:
                self.events.append((name, *arguments))
            return answer(*arguments) if answer else None

        return handle

    async def until(self, count=1):
        end = time.monotonic() + WAIT
        while len(self.events) < count:
            assert time.monotonic() < end, f"{len(self.events)} of {count} events came: {self.events}"
            await self.peer.sleep(0.01)
        return self.events


async def hello(peer, url, options):
    seen = Seen(peer, "welcome", namespace="/chat")
    auth = {} if IS_OLD else {"auth": {"token": "t"}}
    await peer.connect(url, namespaces=["/chat"], **auth, **options)
    [(_, welcome)] = await seen.until()
    if IS_OLD:
        assert welcome["sid"] == f"/chat#{peer.client.sid}", welcome
    else:
        assert welcome["sid"] == peer.client.get_sid("/chat"), welcome
    expected = ("/chat", 3 if IS_OLD else 4, auth.get("auth", {}))
    assert (welcome["ns"], welcome["eio"], welcome["auth"]) == expected, welcome


async def arguments_and_answers(peer, url, options):
    await peer.connect(url, **options)
    seen = Seen(peer, "echo-back")
    for arguments in [(), ("text",), (1, -2.5, None, True), ({"a": [1, {"b": "ü😀"}]},), ([],)]:
        seen.events.clear()
        await peer.emit("echo", arguments)
        assert await seen.until() == [("echo-back", *arguments)], (arguments, seen.events)
        answer = await peer.call("echo-ack", arguments)
        expected = {0: None, 1: arguments[0] if arguments else None}.get(len(arguments), arguments)
        assert tuple([answer]) == tuple([expected]) or tuple(answer) == expected, (answer, expected)


async def binary_data(peer, url, options):
    await peer.connect(url, **options)
    # Version 4 takes an empty attachment for none.
    value = {"file": b"\x00\xff", "list": [b"" if not IS_OLD else b"0", "x", b"12"]}
    assert await peer.call("echo-ack", value) == value
    assert await peer.call("describe", value) == [{"file": "bin:2:255", "list": ["bin:1:48" if IS_OLD else "bin:0:0", "x", "bin:2:99"]}]
    seen = Seen(peer, "binary")
    await peer.emit("push-binary", 300_000)
    [(_, data)] = await seen.until()
    assert len(data) == 300_000 and data[255:258] == b"\xff\x00\x01"


async def questions_of_the_server(peer, url, options):
    await peer.connect(url, **options)
    Seen(peer, "question", answer=lambda *arguments: ("the answer", *arguments))
    seen = Seen(peer, "answer")
    await peer.emit("ask-me", ("why", b"1"))
    assert await seen.until() == [("answer", "the answer", "why", b"1")]


async def rooms(peer, url, options):
    await peer.connect(url, **options)
    seen = Seen(peer, "news")
    assert await peer.call("join", "python") == ["python"]
    await peer.emit("to-room", ("python", "news", 1))
    await peer.emit("in-room", ("python", "news", 2))
    assert await seen.until() == [("news", 2)]
    assert await peer.call("leave", "python") == []


async def a_flood(peer, url, options):
    await peer.connect(url, **options)
    seen = Seen(peer, "seq", "flood-end")
    await peer.emit("flood", 500)
    events = await seen.until(501)
    # The client that blocks hands each event to a thread of its own, in any order.
    assert sorted(events) == sorted([("flood-end", 500), *(("seq", i) for i in range(500))])


async def a_refusal(peer, url, options):
    try:
        await peer.connect(url, auth={"fail": 1}, **options)
    except socketio.exceptions.ConnectionError:
        return
    raise AssertionError("it was let in")


async def a_kick(peer, url, options):
    seen = Seen(peer, "disconnect")
    await peer.connect(url, **options)
    await peer.emit("kick")
    [(_, *reason)] = await seen.until()
    assert reason == ([] if IS_OLD else ["server disconnect"]), reason


async def an_end(peer, url, options):
    await peer.connect(url, **options)
    sid = peer.client.sid if IS_OLD else peer.client.get_sid("/")
    watcher = type(peer)()
    await watcher.connect(url, **options)
    await peer.disconnect()
    # Version 4 with asyncio and polling says nothing when it leaves, or gives up its poll.
    end = time.monotonic() + 2 * WAIT
    while (reason := await watcher.call("reason-of", sid))[0] is None:
        assert time.monotonic() < end, "the server did not notice"
        await watcher.sleep(0.05)
    reasons = ["client namespace disconnect", "transport close"] + ["ping timeout", "transport error"] * IS_OLD
    assert reason[0] in reasons, reason
    await watcher.disconnect()


# By the groups of the other clients.
SCENARIOS = [
    ("namespaces", hello),
    ("events", arguments_and_answers),
    ("events", binary_data),
    ("events", questions_of_the_server),
    ("events", a_flood),
    ("rooms", rooms),
    ("ends", a_kick),
    ("ends", an_end),
]
if not IS_OLD:
    SCENARIOS.append(("namespaces", a_refusal))


async def main(url):
    passed = failed = 0
    for kind in (Threads, Tasks):
        name = f"python-socketio {VERSION}, {'threads' if kind is Threads else 'asyncio'}"
        for way, transports in WAYS.items():
            for group, scenario in SCENARIOS:
                peer = kind()
                result = {"peer": name, "group": group, "label": f"{name}, {way}: {scenario.__name__}"}
                try:
                    async with asyncio.timeout(120):
                        await scenario(peer, url, {"transports": transports})
                    passed += 1
                except BaseException:
                    failed += 1
                    result["error"] = traceback.format_exc()
                print(json.dumps(result), flush=True)
                try:
                    await peer.disconnect()
                except Exception:  # it may be over already
                    pass
    print(f"{passed} passed, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(main(sys.argv[1])) else 0)
