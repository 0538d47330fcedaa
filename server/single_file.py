"""The page's own modules as one HTML file, which opens from a disk, anywhere, without a network."""

from __future__ import annotations

import json
import posixpath
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files

# what a module imports from: `from "./x.js"`, `import "./x.js"`, at the beginning of a line
_IMPORT = re.compile(r"""^((?:import|export)\b(?:[^"';]*?\bfrom)?\s*)["'](\.{1,2}/[^"']+)["']""", re.MULTILINE)
# what a parser of HTML, or an old one of JavaScript, would take for more than text
_ESCAPED = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})
_STATIC = files("server") / "static"


def single_file(title: str, entry: str, styles: Sequence[str], data: Mapping[str, object]) -> Iterator[str]:
    """Yield an HTML file that runs the module `entry` of `static/`, which finds `data` as JSON in the element "data".

    `styles` are files of `static/` too. The modules that it imports come along, each as a `data:` URL that an import
    map names; their relative imports become those names. The policy in the file allows no network.
    """
    modules = {name: f"data:text/javascript;base64,{_base64(source)}" for name, source in _modules(entry).items()}
    imports = json.dumps({"imports": modules})
    start = f"import {json.dumps(entry)};"
    style = "\n".join((_STATIC / name).read_text("utf-8") for name in styles)
    policy = (
        f"default-src 'none'; script-src {_hash(imports)} {_hash(start)} data:; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        '<main id="view"></main>\n<script type="application/json" id="data">'
    )
    for part in json.JSONEncoder(ensure_ascii=False).iterencode(data):
        yield part.translate(_ESCAPED)
    yield (
        "</script>\n"
        f'<script type="importmap">{imports}</script>\n<script type="module">{start}</script>\n</body>\n</html>\n'
    )


def _modules(entry: str) -> dict[str, str]:
    """Return the source of a module and of all that it imports, by name, with names in the place of paths."""
    found: dict[str, str] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue

        def named(path: re.Match[str], folder: str = posixpath.dirname(name)) -> str:
            target = posixpath.normpath(posixpath.join(folder, path[2]))
            waiting.append(target)
            return f'{path[1]}"{target}"'

        found[name] = _IMPORT.sub(named, (_STATIC / name).read_text("utf-8"))
    return dict(sorted(found.items()))


def _hash(content: str) -> str:
    """Return what a policy calls an inline script or style sheet."""
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"


def _base64(source: str) -> str:
    return b64encode(source.encode()).decode()
