"""`topicdex cluster`."""

from tests.commands.conftest import failed, write


def test_more_clusters_than_words_are_refused(call, index):
    index(write("a.txt", "fruit\ncountry\n"))
    failed(call("cluster", "-k", "3"), "invalid_request", "at most 2")
