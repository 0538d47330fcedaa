"""A comparison as one HTML file: tables and pictures, without scripts, and nothing is loaded from anywhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from html import escape

from indexer.comparison.figure_rows import (
    agreement_rows,
    difference_rows,
    disagreement_rows,
    figure_rows,
)
from indexer.comparison.histogram import bounds, svg
from indexer.contract.comparisons import MOST_SHOWN, Compared, ModelFigures

STYLE = """
:root { color-scheme: light dark; --ground: #f6f6f3; --surface: #fff; --ink: #1c1e22; --quiet: #5a606b; --line: #dcdcd6;
  --unrelated: #5f6b7a; --same: #2c4a9e; --bad: #a3231b; --level: #b8582a; }
@media (prefers-color-scheme: dark) { :root { --ground: #121418; --surface: #1a1d23; --ink: #e8e9ec; --quiet: #a4abb8;
  --line: #2f343d; --unrelated: #a9b4c2; --same: #9db3ff; --bad: #ff9d94; --level: #e8946a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 78rem; padding: 1.5rem clamp(0.75rem, 3vw, 2rem); background: var(--ground);
  color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; }
h3 { font-size: 1rem; margin: 0; }
p { margin: 0.25rem 0 0.75rem; color: var(--quiet); max-width: 48rem; }
.scroll { overflow-x: auto; background: var(--surface); border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 0.45rem 0.75rem; border-top: 1px solid var(--line);
  overflow-wrap: anywhere; min-width: 7rem; }
thead th { border-top: 0; font-size: 0.8125rem; color: var(--quiet); }
tbody th { font-weight: 500; }
.wrong { color: var(--bad); font-weight: 600; }
.ranges { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); }
figure { margin: 0; padding: 0.75rem; background: var(--surface); border: 1px solid var(--line); border-radius: 8px;
  min-width: 0; }
h3, figcaption { overflow-wrap: anywhere; } figcaption { color: var(--quiet); font-size: 0.875rem; }
svg { display: block; width: 100%; height: auto; }
.unrelated { fill: var(--unrelated); fill-opacity: 0.35; stroke: var(--unrelated); }
.same { fill: var(--same); fill-opacity: 0.35; stroke: var(--same); }
.interval { fill: var(--level); fill-opacity: 0.25; } .level { stroke: var(--level); stroke-width: 2; }
.axis { stroke: var(--quiet); }
.tick, .mark { fill: var(--quiet); font-size: 12px; text-anchor: middle; } .mark { fill: var(--level); }
.key::before { content: ""; display: inline-block; width: 0.75em; height: 0.75em; margin-right: 0.35em; }
.key.of-unrelated::before { background: var(--unrelated); } .key.of-same::before { background: var(--same); }
.key { margin-right: 1rem; white-space: nowrap; }
"""


def page(title: str, compared: Compared) -> str:
    """Return the page; all that comes from the texts, the labels or the models is escaped."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    names = [model.name for model in compared.models]
    counts = f"{compared.rows:,} texts, {compared.distinct_texts:,} of them different"
    labelled = f", {len(compared.labels):,} labels, {compared.no_topic_rows:,} texts of none" if compared.labels else ""
    parts = [
        f"<h1>{escape(title)}</h1><p>{counts}{labelled}. Intervals in brackets are of 95 %.</p>",
        *(f"<p>{escape(message)}</p>" for message in compared.messages),
        *(_failed(model) for model in compared.models if model.error is not None),
        _section("Figures", _table(("figure", *names), figure_rows(compared))),
        _ranges(compared),
        _section(
            "Differences", _table(("models", "figure", "difference", "p, test", "it is"), difference_rows(compared))
        )
        if compared.differences
        else "",
        _section("Agreement", _table(("models", "same answer", "same nearest texts"), agreement_rows(compared)))
        if compared.agreement
        else "",
        _disagreements(compared, names),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def _failed(model: ModelFigures) -> str:
    return f'<p class="wrong">{escape(model.name)} failed: {escape(model.error or "")}</p>'


def _section(title: str, body: str, text: str = "") -> str:
    said = f"<p>{escape(text)}</p>" if text else ""
    return f"<section><h2>{escape(title)}</h2>{said}{body}</section>"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(_cell(cell) for cell in row[1:])}</tr>' for row in rows
    )
    # a region that scrolls must be reached by the keyboard
    return f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(cell: str) -> str:
    wrong = ' class="wrong"' if cell.endswith(" (!)") else ""
    return f"<td{wrong}>{escape(cell)}</td>"


def _ranges(compared: Compared) -> str:
    shown = [(model.name, model.range) for model in compared.models if model.range is not None]
    bins = bounds([r for _, r in shown])
    figures = []
    for name, r in shown:
        at, kinds = r.similar_from, '<span class="key of-unrelated">unrelated pairs</span>'
        if r.same_topic is not None:
            kinds += '<span class="key of-same">pairs of one topic</span>'
        reach = f"; {r.same_topic_above:.1%} of the pairs of one topic do" if r.same_topic_above is not None else ""
        text = f"One unrelated pair in a hundred reaches {at.score:.3f} ({at.low:.3f} to {at.high:.3f}){reach}."
        figures.append(
            f"<figure><h3>{escape(name)}</h3>{svg(name, r, bins)}<figcaption>{kinds}<br>{text}</figcaption></figure>"
        )
    if not figures:
        return ""
    text = "How similar two texts of no common topic are, and two of one; each kind of pair has the same area."
    return _section("What a similarity means", f'<div class="ranges">{"".join(figures)}</div>', text)


def _disagreements(compared: Compared, names: Sequence[str]) -> str:
    if not compared.disagreements:
        return ""
    rows = disagreement_rows(compared, MOST_SHOWN)
    first = next((a.says for a in compared.disagreements[0].answers if not a.right), "")
    text = f"{compared.disagreeing:,} texts, the most telling first; (!) marks what contradicts the label. {first}"
    return _section("Where they disagree", _table(("text", "label", *names), rows), text)
