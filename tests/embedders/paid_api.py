"""The OpenAI API for embeddings as a server on this machine plays it: limits, tokens, base64, and faults in a row.

Its Batch API does nothing until the test says `work`, and is rigged by the test: `refuse`, `shape`, `lost`.
"""

import base64
import json
import re
import threading
import time
from collections import Counter
from contextlib import suppress
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import bpe_openai
import numpy as np

KEY = "sk-secret-of-the-caller"
OTHER_KEY = "sk-of-somebody-else"
ENDED = ("completed", "failed", "expired", "cancelled")
DIMENSION = 8
_ENCODING = bpe_openai.get_encoding("cl100k_base")


def vector(text):
    """Return the vector of a text, of any length: what its bytes say."""
    seed = int.from_bytes(text.encode("utf-8", "surrogatepass")[:64].rjust(8, b"."), "little") % 2**63
    return np.random.default_rng([seed, len(text)]).normal(size=DIMENSION).astype("<f4")


def problems(requests):
    """Return the errors that the API finds in a file of requests."""
    if len(requests) > 50_000:
        return [{"code": "too_many_tasks", "message": "The batch has too many tasks.", "param": None, "line": None}]
    ids = Counter(request["custom_id"] for request in requests)
    return [
        {"code": "bad_line", "message": "This line is not valid.", "param": "custom_id", "line": number}
        for number, request in enumerate(requests, 1)
        if ids[request["custom_id"]] > 1 or (request["method"], request["url"]) != ("POST", "/v1/embeddings")
    ]


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
        self.files = {}  # content by id
        self.batches = {}  # by id, the newest last, as the API describes them; "key" is ours
        self.lost = 0  # so many answers to the next POST /v1/batches are cut off after the batch is made
        self.refuse = lambda requests: []  # errors, as a batch that is validated has them
        self.shape = lambda lines: lines  # of the output file, what a broken one has in their place

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"

    def work(self, *, answer=lambda text: 200, status="completed"):
        """Let every batch that waits end: `answer` tells the status of each text, None where it was not reached."""
        for batch in self.batches.values():
            if batch["status"] in ENDED:
                continue
            requests = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
            if errors := problems(requests) + self.refuse(requests):
                batch |= {"status": "failed", "errors": {"object": "list", "data": errors}}
                continue
            good, bad = [], []
            for request in requests:
                code = answer(request["body"]["input"])
                (good if code == 200 else bad).append(self.line(request, code))
            counts = {"total": len(requests), "completed": len(good), "failed": len(bad)}
            batch |= {"status": status, "request_counts": counts}
            if good:
                batch["output_file_id"] = self.add(b"".join(self.shape(good)))
            if bad:
                batch["error_file_id"] = self.add(b"".join(bad))

    def line(self, request, code):
        """Return the line of a file of answers, and book what is paid for it."""
        text = request["body"]["input"]
        body = {"error": {"message": f"error of {text[:20]}", "code": "server_error"}}
        if code == 200:
            tokens = len(_ENCODING.encode_ordinary(text))
            self.paid[text] += 1
            self.tokens += tokens
            embedding = base64.b64encode(vector(text).tobytes()).decode()
            body = {
                "object": "list",
                "data": [{"object": "embedding", "index": 0, "embedding": embedding}],
                "model": request["body"]["model"],
                "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
            }
        response = code and {"status_code": code, "request_id": "r", "body": body}
        error = None if code else {"code": "batch_expired", "message": "This request could not be executed."}
        line = {"id": "x", "custom_id": request["custom_id"], "response": response, "error": error}
        return json.dumps(line).encode() + b"\n"

    def add(self, content):
        id = f"file-{len(self.files)}"
        self.files[id] = content
        return id

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
        server, data = self.server, self.body()
        if self.path != "/v1/embeddings":
            self.of_batches(data)
            return
        body = json.loads(data)
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

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def do_GET(self):
        self.of_batches(b"")

    def of_batches(self, data):
        """Answer a call of the files or of the batches."""
        server, key = self.server, (self.headers["Authorization"] or "").removeprefix("Bearer ")
        path, _, query = self.path.removeprefix("/v1/").partition("?")
        with server.lock:
            fault = server.faults.pop(0) if server.faults else None
        if key not in (KEY, OTHER_KEY):
            self.problem(401, f"Incorrect API key provided: {key}", "invalid_api_key")
        elif fault is not None:
            getattr(self, fault)([])
        elif self.command == "POST" and path == "files":
            self.uploaded(data)
        elif self.command == "POST" and path == "batches":
            self.submitted(json.loads(data), key)
        elif path == "batches":
            self.listed(query, key)
        elif found := re.fullmatch(r"files/(.*)/content", path):
            self.sent(server.files.get(found[1]))
        elif found := re.fullmatch(r"batches/([^/]*)(/cancel)?", path):
            self.one(server.batches.get(found[1]), key, cancel=bool(found[2]))
        else:
            self.problem(404, "unknown", "not_found")

    def uploaded(self, data):
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parts = BytesParser().parsebytes(head + data).get_payload()
        named = {part.get_param("name", header="Content-Disposition"): part for part in parts}
        content = named["file"].get_payload(decode=True)
        if named["purpose"].get_payload() != "batch" or len(content) > 200 * 10**6:
            self.problem(400, "bad file", "invalid_request_error")
            return
        with self.server.lock:
            id = self.server.add(content)
        file = {"id": id, "object": "file", "bytes": len(content), "created_at": int(time.time()), "purpose": "batch"}
        self.reply(200, {**file, "filename": "f", "status": "processed"})

    def submitted(self, asked, key):
        server = self.server
        if (asked["endpoint"], asked["completion_window"]) != ("/v1/embeddings", "24h"):
            self.problem(400, "bad batch", "invalid_request_error")
            return
        with server.lock:
            id = f"batch_{len(server.batches)}"
            made = {"id": id, "object": "batch", "created_at": int(time.time()), "status": "validating", "key": key}
            server.batches[id] = {**made, **asked}
            lost, server.lost = server.lost, max(0, server.lost - 1)
        if lost:
            self.cut([])
        else:
            self.reply(200, server.batches[id])

    def listed(self, query, key):
        """Answer with a page, small so that there are several."""
        mine = [batch for batch in reversed(self.server.batches.values()) if batch["key"] == key]
        after = re.search(r"after=([^&]*)", query)
        first = 1 + [batch["id"] for batch in mine].index(after[1]) if after else 0
        page = mine[first : first + 2]
        ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {}
        self.reply(200, {"object": "list", "data": page, "has_more": first + 2 < len(mine), **ends})

    def one(self, batch, key, *, cancel):
        if batch is None or batch["key"] != key:
            self.problem(404, "No batch found", "not_found")
        elif cancel and batch["status"] in ENDED:
            self.problem(409, f"Cannot cancel a batch with status '{batch['status']}'.", "invalid_request_error")
        else:
            batch["status"] = "cancelling" if cancel else batch["status"]
            self.reply(200, batch)

    def sent(self, content):
        if content is None:
            self.problem(404, "No such File object", "not_found")
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

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
