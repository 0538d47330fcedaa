"""The arrows of the house: who may import whom, read from the source and not from what happens to be loaded."""

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
FILES = sorted(path for package in ("indexer", "server") for path in (HOUSE / package).rglob("*.py"))

# The rooms of `indexer/` and the server from the ground up, one for each file at the root and each folder: a room
# imports itself and those of lower lines.
FLOORS = (
    ("errors", "progress", "batching", "blocks"),
    ("settings", "records", "vectors"),
    ("prototypes", "contract"),
    ("readers", "embedders", "evaluation", "exports"),
    ("store",),
    ("words",),
    ("topics",),
    ("clusters",),
    ("maps",),
    ("sync", "comparison", "reembedding"),
    ("engine", "remote"),
    ("connect", "batches"),
    ("__init__",),
    ("commands", "server"),
    ("cli",),
)
BASE = {"errors", "settings", "records", "progress", "batching", "blocks", "vectors", "prototypes"}
ROOT = BASE | {"__init__", "cli", "engine", "sync", "connect"}
ON_CONTRACT_ALONE = {"remote", "exports"}
# The files of a wing that know the store or a model; all others there are arithmetic or memory.
SERVICES = {
    "words": {"corpus", "replica", "upsert"},
    "topics": {"topics", "current", "texts"},
    "clusters": {"clusterings", "history", "work"},
    "maps": {"maps", "history"},
}
# The commands that open the server, and what each opens.
DOORS_TO_SERVER = {
    "indexer/commands/serve.py": {"server.serve"},
    "indexer/commands/demo.py": {"server.serve"},
    "indexer/commands/lookups.py": {"server.single_file"},
    "indexer/commands/maps.py": {"server.map_file"},
}
HEAVY = {"torch", "sentence_transformers", "transformers", "chromadb", "numpy", "sklearn", "scipy", "pyarrow", "flask"}
LINES, FUNCTION_LINES = 300, 60


def module(path):
    parts = path.relative_to(HOUSE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(path) for path in FILES}


@cache
def imports(path, *, at_import=False):
    """Return the modules that a file imports; `at_import` leaves out those inside functions and for types alone."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = tree.body if at_import else list(ast.walk(tree))
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in inside}
    return found


def room(name):
    """Return the room of a module: the server, a folder of the indexer or a file at its root."""
    parts = name.split(".")
    return parts[0] if parts[0] == "server" else parts[1] if len(parts) > 1 else "__init__"


def floor(name):
    return next(number for number, rooms in enumerate(FLOORS) if name in rooms)


def ours(path, **options):
    return {name for name in imports(path, **options) if name.split(".")[0] in ("indexer", "server")}


def ids(path):
    return str(path.relative_to(HOUSE))


def test_every_room_is_on_one_floor_and_the_root_holds_no_other_file():
    rooms = [room for rooms in FLOORS for room in rooms]
    assert len(rooms) == len(set(rooms))
    assert {room(name) for name in MODULES} == set(rooms)
    assert {path.stem for path in (HOUSE / "indexer").glob("*.py")} == ROOT


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_a_file_imports_its_own_room_and_lower_floors(path):
    mine = room(module(path))
    reached = {room(name) for name in ours(path)} - {mine}
    if module(path) != "indexer":  # whose version anybody may ask for
        reached -= {"__init__"}
    if ids(path) in DOORS_TO_SERVER:
        reached -= {"server"}
    assert all(floor(other) < floor(mine) for other in reached), reached
    if mine in ON_CONTRACT_ALONE:
        assert reached <= BASE | {"contract"}


def test_no_file_imports_itself_in_a_circle():
    graph = {module(path): ours(path) - {"indexer"} for path in FILES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_the_indexer_knows_the_server_only_where_a_command_opens_it(path):
    if module(path).startswith("server"):
        return
    reached = {name for name in ours(path) if name.split(".")[0] == "server"}
    if ids(path) in DOORS_TO_SERVER:
        assert reached == DOORS_TO_SERVER[ids(path)]
        assert not reached & ours(path, at_import=True)
    else:
        assert not reached


def test_only_the_store_knows_chroma_and_one_of_its_files_only_its_errors():
    knowing = {ids(p): imports(p) for p in FILES if any(n.split(".")[0] == "chromadb" for n in imports(p))}
    assert list(knowing) == [f"indexer/store/{name}.py" for name in ("chroma", "collection", "failures")]
    of_errors = [n for n in knowing["indexer/store/failures.py"] if n.startswith("chromadb")]
    assert all(n.startswith("chromadb.errors") for n in of_errors)


@pytest.mark.parametrize("wing", SERVICES)
def test_in_a_wing_only_its_services_know_the_store_or_a_model(wing):
    files = [path for path in FILES if path.parent.name == wing and path.parent.parent.name == "indexer"]
    knowing = {path.stem for path in files if {room(name) for name in ours(path)} & {"store", "embedders"}}
    assert knowing == SERVICES[wing]


def test_evaluation_is_arithmetic_on_what_the_contract_names():
    for path in FILES:
        if room(module(path)) == "evaluation":
            assert {room(name) for name in ours(path)} <= BASE | {"contract", "evaluation"}


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
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    assert len(text.splitlines()) <= LINES
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert not [f.name for f in functions if f.end_lineno - f.lineno + 1 > FUNCTION_LINES]
