"""A server of python-socketio, 5 or 4, on uvicorn: asgi.py <port>. It says "listening <port>" when it is ready."""

import asyncio
import sys
from importlib.metadata import version

wait = asyncio.wait
# Python 3.11 takes no coroutines here any more; python-socketio 4 gives it nothing else, and would send nothing.
asyncio.wait = lambda tasks, **options: wait([asyncio.ensure_future(task) for task in tasks], **options)

import socketio
import uvicorn
from common import data, describe
from socketio.exceptions import ConnectionRefusedError

is_4 = version("python-socketio").startswith("4.")
io = socketio.AsyncServer(async_mode="asgi", ping_interval=1, ping_timeout=20, max_http_buffer_size=5_000_000)
reasons = {}


class Handlers(socketio.AsyncNamespace):
    counts = {}

    async def on_connect(self, sid, environ, auth=None):
        # Version 4 knows of no auth and cuts the query off a namespace.
        is_let_in = "token=secret" in environ["QUERY_STRING"] if is_4 else (auth or {}).get("token") == "secret"
        if self.namespace == "/admin" and not is_let_in:
            raise ConnectionRefusedError({"code": 401}) if is_4 else ConnectionRefusedError("unauthorized", {"code": 401})
        self.header = environ.get("HTTP_X_PROBE")
        asyncio.ensure_future(self.emit("welcome", {"sid": sid, "auth": auth or {}}, room=sid))

    async def on_disconnect(self, sid, reason=None):
        reasons[sid] = reason

    async def trigger_event(self, event, *args):
        name = event.replace("-", "_")
        return await super().trigger_event(name, *args)

    async def on_echo(self, sid, *args):
        await self.emit("echo-back", args, room=sid)

    async def on_echo_ack(self, sid, *args):
        return args

    async def on_describe(self, sid, *args):
        return describe(list(args))

    async def on_ask_me(self, sid, *args):
        async def answered(*answer):
            await self.emit("answer", answer, room=sid)
        await self.emit("question", args, room=sid, callback=answered)

    async def on_push_binary(self, sid, n):
        await self.emit("binary", data(n), room=sid)

    async def on_push_text(self, sid, n):
        await self.emit("text", "x" * n, room=sid)

    async def on_flood(self, sid, n):
        for i in range(n):
            await self.emit("seq", i, room=sid)
        await self.emit("flood-end", n, room=sid)

    async def on_flood_binary(self, sid, n):
        for i in range(n):
            await self.emit("bseq", (i, bytes([i % 256])), room=sid)
        await self.emit("flood-end", n, room=sid)

    async def on_count(self, sid, i):
        self.counts.setdefault(sid, []).append(i)

    async def on_count_result(self, sid):
        got = self.counts.get(sid, [])
        return {"n": len(got), "ordered": got == list(range(len(got)))}

    async def on_header(self, sid):
        return self.header

    async def on_kick(self, sid):
        await self.disconnect(sid)

    async def on_never_ack(self, sid):
        await asyncio.sleep(3600)

    async def on_reason_of(self, sid, other):
        return reasons.get(other)


for name in ["/", "/chat", "/admin"]:
    io.register_namespace(Handlers(name))


class Ready(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(f"listening {self.servers[0].sockets[0].getsockname()[1]}", flush=True)


config = uvicorn.Config(socketio.ASGIApp(io), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
Ready(config).run()
