"""The OpenAI API for embeddings as a server on this machine plays it: limits, tokens, base64, and faults in a row."""

import base64
import json
import threading
import time
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import bpe_openai
import numpy as np

KEY = "sk-secret-of-the-caller"
DIMENSION = 8
_ENCODING = bpe_openai.get_encoding("cl100k_base")


def vector(text):
    """Return the vector of a text, of any length: what its bytes say."""
    seed = int.from_bytes(text.encode("utf-8", "surrogatepass")[:64].rjust(8, b"."), "little") % 2**63
    return np.random.default_rng([seed, len(text)]).normal(size=DIMENSION).astype("<f4")


class PaidAPI(ThreadingHTTPServer):
    """Answers /v1/embeddings and counts what is paid for.

    `faults` are played one a request, in their order; each is the name of a method of `_Call`. A fault that answers
    with a body that nobody can use was paid for all the same, as far as the API is concerned.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Call)
        self.lock = threading.Lock()
        self.faults = []
        self.gate = None  # a barrier that requests wait at
        self.answers_after = 0.0  # seconds, for benchmarks
        self.paid = Counter()  # how often each text was answered
        self.tokens = 0
        self.requests = 0
        self.headers = {}
        self.as_lists = False  # a server that knows no base64
        self.cannot_shorten = False  # a server that passes over `dimensions`

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request, client_address):
        pass

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *raised):
        self.shutdown()
        self.server_close()


class _Call(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: PaidAPI

    def log_message(self, *_):
        pass

    def do_POST(self):
        server, body = self.server, json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        texts, self.dimensions = body["input"], body.get("dimensions")
        with server.lock:
            server.requests += 1
            fault = server.faults.pop(0) if server.faults else None
        if server.gate is not None:
            server.gate.wait(30)
        counts = [len(_ENCODING.encode_ordinary(text)) for text in texts]
        time.sleep(server.answers_after)
        if self.headers["Authorization"] != f"Bearer {KEY}":
            self.problem(401, f"Incorrect API key provided: {self.headers['Authorization']}", "invalid_api_key")
        elif len(texts) > 2048 or sum(counts) > 300_000 or max(counts) > 8192 or "" in texts:
            self.problem(400, "too much", "invalid_request_error")
        elif fault is None or not getattr(self, fault)(texts):
            self.answer(texts, counts)

    def answer(self, texts, counts, *, order=1, change=lambda rows: rows):
        self.pay(texts, counts)
        rows = change([self.shortened(vector(text)) for text in texts])
        as_lists = self.server.as_lists
        data = [
            {
                "object": "embedding",
                "index": i,
                "embedding": row.tolist() if as_lists else base64.b64encode(row.astype("<f4").tobytes()).decode(),
            }
            for i, row in enumerate(rows)
        ][::order]
        usage = {"prompt_tokens": sum(counts), "total_tokens": sum(counts)}
        self.reply(200, {"object": "list", "data": data, "model": "m", "usage": usage}, self.server.headers)

    def shortened(self, row):
        return row if self.dimensions is None or self.server.cannot_shorten else row[: self.dimensions]

    def pay(self, texts, counts):
        with self.server.lock:
            self.server.paid.update(texts)
            self.server.tokens += sum(counts)

    def reply(self, status, document, headers=()):
        data = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": len(data), **dict(headers)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(data)

    def problem(self, status, message, code, headers=()):
        self.reply(status, {"error": {"message": message, "type": code, "code": code}}, headers)
        return True

    # faults: each tells whether it has answered

    def limited(self, texts):
        return self.problem(429, "slow down", "rate_limit_exceeded")

    def limited_for_a_moment(self, texts):
        return self.problem(429, "slow down", "rate_limit_exceeded", {"Retry-After": "0.05"})

    def error_500(self, texts):
        return self.problem(500, "oops", "server_error")

    def error_503(self, texts):
        return self.problem(503, "overloaded", "server_error", {"Retry-After": "0"})

    def cut(self, texts):
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(2)
        return True

    def half(self, texts):
        self.pay(texts, [])
        self.send_response(200)
        self.send_header("Content-Length", "10000")
        self.end_headers()
        self.wfile.write(b'{"data": [{"index": 0, "embedd')
        return self.cut(texts)

    def other_dimension(self, texts):
        self.answer(texts, [], change=lambda rows: [row[:-1] for row in rows])
        return True

    def nan(self, texts):
        self.answer(texts, [], change=lambda rows: [rows[0] * np.nan, *rows[1:]])
        return True

    def other_order(self, texts):
        self.answer(texts, [len(_ENCODING.encode_ordinary(text)) for text in texts], order=-1)
        return True

    def too_few(self, texts):
        self.answer(texts, [], change=lambda rows: rows[1:])
        return True

    def no_json(self, texts):
        self.pay(texts, [])
        self.reply(200, "a proxy says hello")
        return True

    def no_quota(self, texts):
        return self.problem(429, "You exceeded your current quota", "insufficient_quota")

    def wrong_key(self, texts):
        return self.problem(401, f"Incorrect API key provided: {KEY}", "invalid_api_key")

    def drips(self, texts):
        """Send a byte now and then, so that no time-out of the socket comes."""
        self.send_response(200)
        self.send_header("Content-Length", "10000")
        self.end_headers()
        with suppress(OSError):
            for _ in range(10_000):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.02)
        return True
