import pytest

from passgate.languages.sql.findings import Findings
from passgate.languages.sql.memory import Memory
from passgate.languages.sql.statements import STATEMENTS, read_statement
from passgate.languages.sql.walk import Environment, Walk
from tests.unit.languages.sql.shop import language


@pytest.fixture
def walk() -> Walk:
    return Walk(Environment(names=language().names, paths=(("public",),)), Findings())


def test_an_unknown_statement_is_code_and_a_gap(walk: Walk) -> None:
    meaning = read_statement(walk, "FutureStmt", {}, Memory())
    assert (meaning.verb, meaning.verb_class, meaning.fields) == ("unknown", "code", None)
    assert list(walk.found.gaps) == ["statement FutureStmt is not known"]


def test_an_unknown_field_is_a_gap(walk: Walk) -> None:
    read_statement(walk, "CheckPointStmt", {"novel": True}, Memory())
    assert list(walk.found.gaps) == ["field CheckPointStmt.novel is not known"]


def test_every_statement_of_the_grammar_is_read() -> None:
    from postgast import pg_query_pb2

    inner = {"RawStmt", "SetOperationStmt", "ReturnStmt", "PLAssignStmt", "ReplicaIdentityStmt"}
    grammar = {name for name in pg_query_pb2.DESCRIPTOR.message_types_by_name if name.endswith("Stmt")}
    assert grammar - inner == set(STATEMENTS) & grammar
