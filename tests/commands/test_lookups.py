"""`topicdex topic`, `similar` and `matrix`."""

import pytest

from tests.commands.conftest import failed, write


@pytest.mark.parametrize("arguments", [["topic", " "], ["similar", ""], ["matrix", "a", "\t"], ["topics", "add", " "]])
def test_a_blank_text_is_refused(call, index, arguments):
    index(write("a.txt", "fruit\n"))
    failed(call(*arguments), "invalid_request", "blank")
