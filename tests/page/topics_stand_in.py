"""Calls that change one topic, answered in the browser where the server has none; each is done by other calls of it."""

import hashlib
import json
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Page, Route

from scripts.processes import Server


def stand_in(page: Page, server: Server) -> None:
    """Answer GET and PATCH of one topic and the preview of a set of topics, where the server does not."""
    name = server.client.call("GET", "/v1/topics")["topics"][0]["name"]
    if server.client.get(f"/v1/topics/{name}").status_code != 405:
        return
    page.route(f"{server.url}/v1/topics/preview", lambda route: _preview(route, server))
    page.route(lambda url: _named(url) not in ("", "nearest", "preview"), lambda route: _topic(route, server))


def _named(url: str) -> str:
    path = urlsplit(url).path
    return unquote(path.removeprefix("/v1/topics/")) if path.startswith("/v1/topics/") else ""


def _tag(topic: dict[str, Any]) -> str:
    return '"' + hashlib.sha256(json.dumps(topic, sort_keys=True).encode()).hexdigest()[:16] + '"'


def _topic(route: Route, server: Server) -> None:
    topics = server.client.call("GET", "/v1/topics")["topics"]
    topic = next(topic for topic in topics if topic["name"] == _named(route.request.url))
    if route.request.method == "PATCH":
        if route.request.headers.get("if-match") not in (None, _tag(topic)):
            problem = {
                "title": "Precondition Failed",
                "status": 412,
                "code": "precondition_failed",
                "detail": "changed",
            }
            return route.fulfill(status=412, content_type="application/problem+json", body=json.dumps(problem))
        topic |= route.request.post_data_json
        server.client.call("POST", "/v1/topics", {"topics": [topic]})
    return route.fulfill(json=topic, headers={"ETag": _tag(topic)})


def _preview(route: Route, server: Server) -> None:
    asked = route.request.post_data_json
    before = server.client.call("GET", "/v1/topics")
    old = _topics_of_words(server)
    server.client.call("PUT", "/v1/topics", {"topics": asked["topics"]})
    new = _topics_of_words(server)
    results = server.client.call("POST", "/v1/topics/nearest", {"texts": asked["texts"], "k": 2})["results"]
    server.client.call("PUT", "/v1/topics", before)
    moved = [word for word in new if old[word]["topic"] != new[word]["topic"]]
    examples = [
        {"id": word, "text": new[word]["text"], "from": old[word]["topic"], "to": new[word]["topic"]} for word in moved
    ]
    route.fulfill(
        json={
            "words": len(new),
            "moved": len(moved),
            "prototypes": results[0]["prototypes"],
            "sizes": [],
            "none": 0,
            "examples": examples[:20],
            "results": results,
        }
    )


def _topics_of_words(server: Server) -> dict[str, dict[str, Any]]:
    lines = server.client.get("/v1/topics/words").text.splitlines()
    return {word["id"]: word for word in map(json.loads, lines)}
