"""A server of python-socketio on uvicorn: asgi.py <port>. It says "listening <port>" when it is ready."""

import asyncio
import sys

import socketio
import uvicorn
from common import data, describe
from socketio.exceptions import ConnectionRefusedError

io = socketio.AsyncServer(async_mode="asgi", ping_interval=1, ping_timeout=20, max_http_buffer_size=5_000_000,
                          namespaces=["/", "/chat", "/admin"])
reasons = {}


class Handlers(socketio.AsyncNamespace):
    counts = {}

    async def on_connect(self, sid, environ, auth):
        if self.namespace == "/admin" and (auth or {}).get("token") != "secret":
            raise ConnectionRefusedError("unauthorized", {"code": 401})
        self.header = environ.get("HTTP_X_PROBE")
        asyncio.ensure_future(self.emit("welcome", {"sid": sid, "auth": auth or {}}, to=sid))

    async def on_disconnect(self, sid, reason=None):
        reasons[sid] = reason

    async def trigger_event(self, event, *args):
        name = event.replace("-", "_")
        return await super().trigger_event(name, *args)

    async def on_echo(self, sid, *args):
        await self.emit("echo-back", args, to=sid)

    async def on_echo_ack(self, sid, *args):
        return args

    async def on_describe(self, sid, *args):
        return describe(list(args))

    async def on_ask_me(self, sid, *args):
        async def answered(*answer):
            await self.emit("answer", answer, to=sid)
        await self.emit("question", args, to=sid, callback=answered)

    async def on_push_binary(self, sid, n):
        await self.emit("binary", data(n), to=sid)

    async def on_push_text(self, sid, n):
        await self.emit("text", "x" * n, to=sid)

    async def on_flood(self, sid, n):
        for i in range(n):
            await self.emit("seq", i, to=sid)
        await self.emit("flood-end", n, to=sid)

    async def on_flood_binary(self, sid, n):
        for i in range(n):
            await self.emit("bseq", (i, bytes([i % 256])), to=sid)
        await self.emit("flood-end", n, to=sid)

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
