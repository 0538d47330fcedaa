"""A stand-in for calls about topics that the server has not got yet; each is answered by the calls that it has."""

from __future__ import annotations

import json
from collections import Counter
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from playwright.sync_api import Page, Route

from scripts.processes import Server


def stand_in(page: Page, server: Server) -> None:
    """Answer the calls that are missing in the description of the server."""
    if "/v1/topics/preview" not in server.client.call("GET", "/openapi.json")["paths"]:
        calls = Calls(server)
        page.route("**/v1/topics/**", calls.answer)


class Calls:
    def __init__(self, server: Server) -> None:
        self.call = server.client.call
        self.client = server.client

    def answer(self, route: Route) -> None:
        request = route.request
        url = urlsplit(request.url)
        name = unquote(url.path.removeprefix("/v1/topics/"))
        if name == "preview":
            return self.preview(route, request.post_data_json["topics"])
        if name == "sizes":
            return route.fulfill(json=self.sizes())
        if name == "similarity":
            return route.fulfill(json=self.similarity())
        if name == "words":
            query = {key: value[0] for key, value in parse_qs(url.query).items()}
            words = [line for line in self.lines() if line["topic"] == query["topic"]]
            words.sort(key=lambda line: line["margin"] or 0, reverse=query["order"] == "surest")
            return route.fulfill(body="\n".join(map(json.dumps, words[:100])), content_type="application/x-ndjson")
        if request.method in ("DELETE", "POST"):
            return route.fallback()
        topics = self.call("GET", "/v1/topics")["topics"]
        place = next((i for i, topic in enumerate(topics) if topic["name"] == name), None)
        if place is None:
            return problem(route, 404, "not_found", f"there is no topic {name!r}")
        if request.method == "PATCH":
            if request.headers.get("if-match") not in (None, etag(topics[place])):
                return problem(route, 412, "precondition_failed", "the topic has been changed since it was read")
            topics[place] |= request.post_data_json
            answer = self.client.put("/v1/topics", json={"topics": topics})
            if not answer.is_success:
                return route.fulfill(status=answer.status_code, json=answer.json())
        return route.fulfill(json=topics[place], headers={"ETag": etag(topics[place])})

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.client.get("/v1/topics/words").text.splitlines()]

    def sizes(self) -> dict[str, Any]:
        counts = Counter(line["topic"] for line in self.lines())
        topics = [topic["name"] for topic in self.call("GET", "/v1/topics")["topics"]]
        prototypes = self.call("GET", "/v1/thresholds")["prototypes"]
        sizes = [{"topic": name, "words": counts[name]} for name in topics]
        return {"words": counts.total(), "none": counts[None], "prototypes": prototypes, "topics": sizes}

    def similarity(self) -> dict[str, Any]:
        topics = self.call("GET", "/v1/topics")["topics"]
        names = [topic["name"] for topic in topics]
        texts = [f"{topic['name']}: {topic['description']}" for topic in topics]
        return self.call("POST", "/v1/similarity", {"rows": texts}) | {"rows": names, "columns": names}

    def preview(self, route: Route, topics: list[dict[str, Any]]) -> None:
        """Set the topics, look, and set them back."""
        before = {line["id"]: line for line in self.lines()}
        old = self.call("GET", "/v1/topics")["topics"]
        runs = self.call("GET", "/v1/clusterings")["clusterings"]
        answer = self.client.put("/v1/topics", json={"topics": topics})
        if not answer.is_success:
            return route.fulfill(status=answer.status_code, json=answer.json())
        after, sizes = self.lines(), self.sizes()
        if old:
            self.call("PUT", "/v1/topics", {"topics": old})
        for run in runs:
            if run.get("active"):
                self.call("POST", f"/v1/clusterings/{run['id']}/activate")
        moved = [line for line in after if line["topic"] != before[line["id"]]["topic"]]
        moved.sort(key=lambda line: -(line["margin"] or 0))
        examples = [
            {"id": line["id"], "text": line["text"], "from": before[line["id"]]["topic"], "to": line["topic"]}
            for line in moved[:20]
        ]
        kept = {"words": len(after), "moved": len(moved), "examples": examples, "results": []}
        kept |= {"sizes": sizes["topics"], "none": sizes["none"], "prototypes": sizes["prototypes"]}
        return route.fulfill(json=kept)


def etag(topic: dict[str, Any]) -> str:
    fields = [topic["name"], topic["description"], topic["examples"]]
    return f'"{sha256(json.dumps(fields).encode()).hexdigest()[:16]}"'


def problem(route: Route, status: int, code: str, detail: str) -> None:
    route.fulfill(
        status=status,
        json={"title": code, "status": status, "code": code, "detail": detail},
        headers={"content-type": "application/problem+json"},
    )
