import pytest

from passgate.codecs.postgres.simple_query import CommandComplete, Query, ReadyForQuery, TransactionStatus
from passgate.core.errors import LocalProtocolError, RemoteProtocolError


@pytest.mark.parametrize(
    ("tag", "verb", "rows"),
    [
        ("SELECT 5", "SELECT", 5),
        ("INSERT 0 3", "INSERT", 3),
        ("UPDATE 0", "UPDATE", 0),
        ("DELETE 12", "DELETE", 12),
        ("MERGE 2", "MERGE", 2),
        ("COPY 7", "COPY", 7),
        ("COPY", "COPY", None),
        ("CREATE TABLE", "CREATE TABLE", None),
        ("REFRESH MATERIALIZED VIEW", "REFRESH MATERIALIZED VIEW", None),
        ("CREATE TABLE AS 3", "CREATE TABLE AS", 3),
        ("", "", None),
        ("SELECT ²", "SELECT ²", None),
    ],
)
def test_a_tag_is_a_verb_and_perhaps_a_number_of_rows(tag: str, verb: str, rows: int | None) -> None:
    complete = CommandComplete(tag=tag)
    assert (complete.verb, complete.rows) == (verb, rows)


@pytest.mark.parametrize("payload", [b"", b"x", b"II", b"\xff"])
def test_a_transaction_status_is_one_of_three_letters(payload: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        ReadyForQuery.parse(payload)
    assert ReadyForQuery.parse(b"T").status is TransactionStatus.IN_TRANSACTION


def test_a_query_is_one_string() -> None:
    assert Query(text="select 1").encode() == b"Q\0\0\0\x0dselect 1\0"
    with pytest.raises(RemoteProtocolError):
        Query.parse(b"select 1\0; drop table t\0")
    with pytest.raises(LocalProtocolError):
        Query(text="select 1\0").encode()
