"""A server of Flask-SocketIO in threads: flask_server.py <port>. It says "listening <port>" when it is ready."""

import logging
import sys
import threading

from common import data, describe
from flask import Flask, request
from flask_socketio import ConnectionRefusedError, Namespace, SocketIO
from werkzeug.serving import make_server

logging.getLogger("werkzeug").setLevel(logging.ERROR)
app = Flask(__name__)
io = SocketIO(app, async_mode="threading", ping_interval=1, ping_timeout=20, max_http_buffer_size=5_000_000)
reasons = {}


class Handlers(Namespace):
    counts = {}

    def on_connect(self, auth=None):
        if self.namespace == "/admin" and (auth or {}).get("token") != "secret":
            raise ConnectionRefusedError("unauthorized", {"code": 401})
        sid = request.sid
        threading.Timer(0.01, lambda: io.emit("welcome", {"sid": sid, "auth": auth or {}}, to=sid, namespace=self.namespace)).start()

    def on_disconnect(self, reason=None):
        reasons[request.sid] = reason

    def trigger_event(self, event, *args):
        return super().trigger_event(event.replace("-", "_"), *args)

    def on_echo(self, *args):
        self.emit("echo-back", args)

    def on_echo_ack(self, *args):
        return args

    def on_describe(self, *args):
        return describe(list(args))

    def on_ask_me(self, *args):
        sid, namespace = request.sid, self.namespace
        self.emit("question", args, callback=lambda *answer: io.emit("answer", answer, to=sid, namespace=namespace))

    def on_push_binary(self, n):
        self.emit("binary", data(n))

    def on_push_text(self, n):
        self.emit("text", "x" * n)

    def on_flood(self, n):
        for i in range(n):
            self.emit("seq", i)
        self.emit("flood-end", n)

    def on_flood_binary(self, n):
        for i in range(n):
            self.emit("bseq", (i, bytes([i % 256])))
        self.emit("flood-end", n)

    def on_count(self, i):
        self.counts.setdefault(request.sid, []).append(i)

    def on_count_result(self):
        got = self.counts.get(request.sid, [])
        return {"n": len(got), "ordered": sorted(got) == list(range(len(got)))}

    def on_header(self):
        return request.headers.get("x-probe")

    def on_kick(self):
        from flask_socketio import disconnect
        disconnect()

    def on_never_ack(self):
        threading.Event().wait(60)

    def on_reason_of(self, other):
        return reasons.get(other)


for name in ["/", "/chat", "/admin"]:
    io.on_namespace(Handlers(name))

server = make_server("127.0.0.1", int(sys.argv[1]), app, threaded=True)
print(f"listening {server.port}", flush=True)
server.serve_forever()
