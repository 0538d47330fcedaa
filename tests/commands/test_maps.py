"""`topicdex map` and `topicdex maps`."""

import json

from tests.commands.conftest import failed, write


def test_a_map_is_drawn_listed_shown_pinned_and_deleted(call, index):
    failed(call("map", "--data", "nowhere"), "not_found")
    index(write("a.txt", "fruit a\nfruit b\ncountry c\ncountry d\n"))
    code, out, err = call("map", "--landmarks", "10", "--seed", "7", "--json")
    assert (code, err) == (0, "")
    first = json.loads(out)
    assert (first["status"], first["words"]) == ("done", 4)
    assert first["settings"] == {"landmarks": 10, "seed": 7, "start": None}
    code, out, err = call("map")
    assert code == 0 and "done, 4 words" in err and f"started from\t{first['id']}" in out
    code, out, _ = call("maps", "list", "--json")
    newest, oldest = json.loads(out)["maps"]
    assert oldest == first and newest["settings"]["start"] == first["id"]
    code, out, _ = call("map", "--fresh", "--json")
    assert json.loads(out)["settings"]["start"] is None
    assert call("maps", "pin", first["id"])[0] == 0
    assert json.loads(call("maps", "show", first["id"], "--json")[1])["pinned"] is True
    assert call("maps", "pin", "--off", first["id"])[0] == call("maps", "delete", first["id"])[0] == 0
    failed(call("maps", "show", first["id"]), "not_found")
    assert len(call("maps", "list")[1].splitlines()) == 3


def test_a_wrong_command_line_is_a_2_before_anything_is_opened(call):
    for arguments in (["--landmarks", "2"], ["--landmarks", "20001"], ["--seed", "-1"], ["--fresh", "--start", "a"]):
        assert call("map", *arguments)[0] == 2
    failed(call("map", "--start", "none"), "not_found")
