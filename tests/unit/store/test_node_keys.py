"""Rows of shared keys, replaced without a trace."""

from passgate.store.node_keys import NodeKeys, sealed_name
from passgate.store.pass_store import PassStore
from passgate.store.sqlite import SqliteDatabase


def test_a_replaced_key_leaves_nothing_behind(database: SqliteDatabase) -> None:
    store, keys = PassStore(database), NodeKeys(database)
    assert keys.names() == ()
    old, other = store.shared_key("b"), store.shared_key("a")
    assert keys.names() == ("a", "b")
    assert keys.read("b") == old
    keys.replace("b", b"new" * 30)
    assert (keys.read("b"), keys.read("a")) == (b"new" * 30, other)
    files = b"".join(file.read_bytes() for file in database.path.parent.iterdir())
    assert b"new" * 30 in files
    assert old not in files
    assert sealed_name("b") == "state.db/node_keys/b"
