import json

import pytest

from passgate.core.errors import ConfigError
from passgate.languages.sql import libpg_query
from passgate.languages.sql.libpg_query import GrammarError, load


def test_the_library_is_loaded_once() -> None:
    assert load() is load()


def test_parse_gives_the_tree_as_json() -> None:
    tree = json.loads(load().parse(b"SELECT 1"))
    assert tree["stmts"][0]["stmt"]["SelectStmt"]["op"] == "SETOP_NONE"


def test_an_error_has_a_message_and_a_position() -> None:
    with pytest.raises(GrammarError, match="syntax error") as caught:
        load().parse(b"SELECT * FORM t")
    assert caught.value.position == 10
    with pytest.raises(GrammarError, match="syntax error"):
        load().fingerprint(b"SELECT * FORM t")


def test_fingerprint_leaves_literals_out() -> None:
    assert load().fingerprint(b"SELECT 1") == load().fingerprint(b"SELECT 2")
    assert load().fingerprint(b"SELECT 1") != load().fingerprint(b"SELECT a")


def test_a_missing_library_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libpg_query.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="postgast"):
        load.__wrapped__()


def test_memory_is_given_back() -> None:
    """A tree of 300 KB, a thousand times over, stays well below what a thousand of them would take."""
    import resource

    text = b"SELECT " + b",".join([b"a"] * 2000)
    load().parse(text)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(1000):
        load().parse(text)
        load().fingerprint(text)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB
