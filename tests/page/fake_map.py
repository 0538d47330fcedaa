"""Maps as the API answers them, by a stand-in in the browser's way: words and topics are the server's own."""

from __future__ import annotations

import base64
import json
import re
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zlib import crc32

import numpy as np
from playwright.sync_api import Page, Route

from scripts.processes import Server

WIDTH = 65_535
QUALITY = {"neighbours_kept": 0.21, "trustworthiness": 0.79, "sample": 300}
Json = dict[str, Any]


class FakeMaps:
    """Answers `/v1/maps` of a page: a topic is a place on a ring, and its words lie around that."""

    def __init__(self, page: Page, server: Server) -> None:
        self.client = server.client
        self.maps: list[Json] = []
        self.polls = 0
        page.route(re.compile(r"/v1/maps"), self._answer)

    def make(self) -> None:
        """Add a map that is drawn."""
        self._post({})
        self.maps[0] |= {"status": "done", "progress": 1.0, "seconds": 0.1}

    def _words(self) -> list[Json]:
        words: list[Json] = []
        cursor = None
        while True:
            page = self.client.call("GET", "/v1/words", limit=1000, **({"cursor": cursor} if cursor else {}))
            words += page["words"]
            if (cursor := page["next"]) is None:
                return words

    def _found(self, texts: list[str]) -> list[Json]:
        """Return the topic, the place and the scores of each text."""
        names = self._topics()
        answers = self.client.call("POST", "/v1/topics/nearest", {"texts": texts, "k": 1000})["results"]
        found = []
        for text, answer in zip(texts, answers, strict=True):
            scores = {match["topic"]: match["score"] for match in answer["matches"]}
            best = answer["matches"][0]["topic"]
            angle = 2 * np.pi * names.index(best) / len(names)
            noise = crc32(text.encode())
            place = [0.5 + 0.36 * np.cos(angle), 0.5 + 0.36 * np.sin(angle)]
            jitter = [0.16 * (noise % 997 / 997 - 0.5), 0.16 * (noise // 997 % 997 / 997 - 0.5)]
            x, y = (int(WIDTH * (a + b)) for a, b in zip(place, jitter, strict=True))
            found.append({"topic": answer["topic"], "score": answer["score"], "scores": scores, "x": x, "y": y})
        return found

    def _topics(self) -> list[str]:
        return [topic["name"] for topic in self.client.call("GET", "/v1/topics")["topics"]]

    def _points(self, axes: list[str]) -> tuple[np.ndarray, float, float]:
        found = self._found([word["text"] for word in self._words()])
        if not axes:
            return np.array([[one["x"], one["y"]] for one in found], "<u2"), 0.0, 1.0
        scores = np.array([[one["scores"][name] for name in axes] for one in found])
        low, high = float(scores.min()), float(scores.max())
        return ((scores - low) / (high - low) * WIDTH).round().astype("<u2"), low, high

    def _answer(self, route: Route) -> None:
        url = urlsplit(route.request.url)
        query = parse_qs(url.query)
        parts = url.path.split("/v1/maps")[1].strip("/").split("/")
        body = json.loads(route.request.post_data or "{}")
        method = route.request.method
        verb = parts[1] if len(parts) > 1 else ""
        if not parts[0]:
            answer = self._post(body) if method == "POST" else {"maps": self.maps}
            return route.fulfill(status=202 if method == "POST" else 200, json=answer)
        chosen = next((one for one in self.maps if one["id"] == parts[0]), None)
        if chosen is None:
            return route.fulfill(
                status=404, json={"status": 404, "code": "not_found", "detail": "there is no such map"}
            )
        if verb == "points":
            return self._send_points(route, query)
        if verb == "pin":
            chosen["pinned"] = method == "POST"
        elif method == "DELETE":
            if chosen["status"] == "running":
                chosen["status"] = "cancelled"
            else:
                self.maps.remove(chosen)
            return route.fulfill(status=204)
        elif not verb:
            self._advance(chosen)
        verbs = {"colours": self._colours, "words": self._named, "select": self._select, "locate": self._locate}
        return route.fulfill(json=verbs[verb](query, body) if verb in verbs else chosen)

    def _post(self, settings: Json) -> Json:
        words = len(self._words())
        id = f"map{len(self.maps) + 1}"
        made = {"id": id, "status": "running", "progress": 0.0, "settings": settings, "words": words}
        made |= {"quality": QUALITY, "moved": 0.004 if self.maps else None, "far": 0.012, "pinned": False}
        made |= {"created": "2026-01-02T03:04:05Z", "seconds": None, "error": None, "new_words": 0}
        self.maps.insert(0, made)
        return made

    def _advance(self, chosen: Json) -> None:
        self.polls += 1
        if chosen["status"] == "running":
            chosen["progress"] = min(1.0, chosen["progress"] + 0.25)
            if chosen["progress"] == 1:
                chosen |= {"status": "done", "seconds": 1.5}

    def _order(self) -> str:
        return format(crc32(json.dumps([word["id"] for word in self._words()]).encode()), "x")

    def _send_points(self, route: Route, query: dict[str, list[str]]) -> None:
        order = f'"{self._order()}"'
        if route.request.headers.get("if-none-match") == order:
            return route.fulfill(status=304)
        points, low, high = self._points(query.get("axes", []))
        headers = {"ETag": order, "Topicdex-Low": str(low), "Topicdex-High": str(high)}
        return route.fulfill(body=points.tobytes(), content_type="application/octet-stream", headers=headers)

    def _colours(self, query: dict[str, list[str]], _body: Json) -> Json:
        [by] = query["by"]
        words = self._words()
        found = self._found([word["text"] for word in words])
        common = {"by": by, "order": self._order()}
        if by == "score":
            scores = np.array([one["score"] for one in found])
            low, high = float(scores.min()), float(scores.max())
            rows = ((scores - low) / (high - low) * 65_534).astype("<u2")
            return common | {"kind": "value", "rows": _base64(rows), "low": low, "high": high, "legend": []}
        if by.startswith("metadata:"):
            of = [word["metadata"].get(by.removeprefix("metadata:")) for word in words]
        else:
            of = [one["topic"] for one in found]
        names = self._topics() if by == "topic" else sorted({str(value) for value in of if value is not None})
        rows = np.array([WIDTH if value is None else names.index(str(value)) for value in of], "<u2")
        legend = []
        for place, name in enumerate(names):
            mine = [(found[i]["x"], found[i]["y"]) for i in np.flatnonzero(rows == place)]
            x, y = np.median(mine, axis=0).astype(int).tolist() if mine else (None, None)
            legend.append({"name": name, "count": len(mine), "x": x, "y": y, "id": None})
        return common | {"kind": "class", "rows": _base64(rows), "legend": legend, "low": None, "high": None}

    def _named(self, query: dict[str, list[str]], _body: Json) -> Json:
        words = [{"row": row, **word} for row, word in enumerate(self._words())]
        if "ids" in query:
            by_id = {word["id"]: word for word in words}
            return {"words": [by_id[id] for id in query["ids"] if id in by_id]}
        return {"words": [words[int(row)] for row in query["rows"][0].split(",")]}

    def _select(self, _query: dict[str, list[str]], body: Json) -> Json:
        words = self._words()
        if "polygon" in body:
            points = self._points(body.get("axes", []))[0].astype(float)
            rows = [row for row, point in enumerate(points) if _inside(point, body["polygon"])]
        elif "rows" in body:
            rows = sorted(body["rows"])
        else:
            rows = [row for row, word in enumerate(words) if body["contains"].lower() in word["text"].lower()]
        topics = [one["topic"] for one in self._found([words[row]["text"] for row in rows])] if rows else []
        counts = sorted(((topics.count(topic), topic) for topic in set(topics)), reverse=True)
        return {
            "count": len(rows),
            "rows": _base64(np.array(rows, "<u4")),
            "topics": [{"topic": topic, "count": count} for count, topic in counts],
            "keywords": [words[row]["text"].lower() for row in rows[:4]],
            "examples": [{"row": row, **words[row]} for row in rows[:5]],
        }

    def _locate(self, _query: dict[str, list[str]], body: Json) -> Json:
        found = zip(body["texts"], self._found(body["texts"]), strict=True)
        return {"results": [{"text": t, "x": f["x"], "y": f["y"], "off_map": f["score"] < 0.3} for t, f in found]}


def _base64(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode()


def _inside(point: np.ndarray, polygon: list[list[int]]) -> bool:
    """Tell whether a point lies in a polygon, by the even-odd rule."""
    x, y = point
    crossed = [
        x < (other[0] - one[0]) * (y - one[1]) / (other[1] - one[1]) + one[0]
        for one, other in pairwise([*polygon, polygon[0]])
        if (one[1] > y) != (other[1] > y)
    ]
    return sum(crossed) % 2 == 1
