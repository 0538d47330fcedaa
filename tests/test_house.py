"""The arrows of the house: who may import whom, read from the source and not from what happens to be loaded."""

import ast
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
FILES = sorted(path for package in ("indexer", "server") for path in (HOUSE / package).rglob("*.py"))

# From the ground up: a floor stands on those before it; within a floor anything goes, as long as it is no circle.
FLOORS = (
    (
        "indexer.errors",
        "indexer.settings",
        "indexer.records",
        "indexer.progress",
        "indexer",
    ),
    (
        "indexer.readers",
        "indexer.embedders",
        "indexer.owner",
        "indexer.cursors",
        "indexer.answers",
        "indexer.rates",
        "indexer.thresholds",
        "indexer.criteria",
        "indexer.calibration",
        "indexer.evaluation",
        "indexer.background",
        "indexer.adaptation",
        "indexer.clustering",
        "indexer.naming",
        "indexer.lineage",
    ),
    (
        "indexer.store",
        "indexer.prototypes",
    ),
    (
        "indexer.pipeline",
        "indexer.cache",
        "indexer.survey",
        "indexer.similarity",
        "indexer.classification",
        "indexer.topic_parts",
        "indexer.doctor",
        "indexer.repair",
    ),
    (
        "indexer.corpus",
        "indexer.runs",
    ),
    (
        "indexer.topics",
        "indexer.run_log",
        "indexer.assessment",
    ),
    (
        "indexer.reclustering",
        "indexer.freshness",
    ),
    (
        "indexer.engine",
        "indexer.remote",
    ),
    (
        "indexer.indexing",
        "indexer.opening",
    ),
    ("indexer.commands", "server"),
    ("indexer.cli",),
)
ARITHMETIC = ("prototypes", "clustering", "naming", "lineage")  # arrays and texts, six vectors by hand test them
DOORS_TO_SERVER = {"indexer/commands/serve.py", "indexer/commands/demo.py"}
HEAVY = {"torch", "sentence_transformers", "transformers", "chromadb", "numpy", "sklearn", "scipy", "pyarrow", "flask"}


def module(path):
    parts = path.relative_to(HOUSE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path, *, at_import=False):
    """Yield the modules that a file imports; `at_import` leaves out those inside functions and for types alone."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = list(ast.walk(tree))
    if at_import:
        nodes = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            known = {module(file) for file in FILES}
            yield from (name if name in known else node.module for name in inside)


def floor(name):
    for number in reversed(range(len(FLOORS))):
        if any(name == room or (name.startswith(room + ".") and room != "indexer") for room in FLOORS[number]):
            return number
    raise AssertionError(f"{name} is on no floor; give it one in this test")


def ids(path):
    return str(path.relative_to(HOUSE))


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_a_file_imports_its_own_floor_and_those_below(path):
    mine = floor(module(path))
    above = [
        name
        for name in imports(path)
        if name.split(".")[0] in ("indexer", "server")
        and floor(name) > mine
        # the lazy door of the package, the commands' doors to the server
        and path != HOUSE / "indexer" / "__init__.py"
    ]
    assert not above


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_the_indexer_knows_the_server_only_where_a_command_starts_it(path):
    if module(path).startswith("server"):
        return
    reached = {name for name in imports(path) if name.split(".")[0] == "server"}
    if ids(path) in DOORS_TO_SERVER:
        assert reached == {"server.serve"}
        assert not reached & set(imports(path, at_import=True))
    else:
        assert not reached


def test_two_files_know_chroma_and_one_of_them_only_its_errors():
    knowing = {ids(p): imports(p) for p in FILES if any(n.split(".")[0] == "chromadb" for n in imports(p))}
    assert list(knowing) == ["indexer/store/chroma.py", "indexer/store/failures.py"]
    of_errors = [n for n in knowing["indexer/store/failures.py"] if n.startswith("chromadb")]
    assert all(n.startswith("chromadb.errors") for n in of_errors)


@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic_knows_neither_store_nor_model(name):
    ours = {n for n in imports(HOUSE / "indexer" / f"{name}.py") if n.startswith(("indexer", "server"))}
    assert ours <= {"indexer.embedders", "indexer.errors", "indexer.records", "indexer.progress"}


def test_flask_stays_in_the_server():
    assert not [
        ids(p)
        for p in FILES
        if not module(p).startswith("server")
        and any(n.split(".")[0].startswith(("flask", "waitress")) for n in imports(p))
    ]


@pytest.mark.parametrize(
    "path", [HOUSE / "indexer/cli.py", *sorted((HOUSE / "indexer/commands").glob("*.py"))], ids=ids
)
def test_the_command_line_parses_before_it_loads_anything_heavy(path):
    assert not {name.split(".")[0] for name in imports(path, at_import=True)} & HEAVY


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_a_file_says_what_it_owns_and_fits_on_a_few_screens(path):
    text = path.read_text("utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 300
