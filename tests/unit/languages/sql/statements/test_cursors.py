from tests.unit.languages.sql.shop import action, understander, understood, words


def test_a_cursor_reads_what_its_query_reads_each_time() -> None:
    session = understander()
    declare = session.understand("DECLARE c CURSOR FOR SELECT ssn AS x FROM customers").actions[0]
    assert {"select customers.ssn output", "declare c"} <= set(words(declare))
    session.succeeded(declare)
    fetched = session.understand("FETCH ALL FROM c")
    found = fetched.actions[0]
    assert not fetched.cacheable
    assert {"fetch c", "select customers.ssn output"} <= set(words(found))
    assert found.outputs is not None
    assert found.outputs[0].name == "x"
    moved = session.understand("MOVE FORWARD ALL IN c").actions[0]
    assert (moved.verb, moved.outputs) == ("move", ())
    assert session.understand("DELETE FROM orders WHERE CURRENT OF c").actions[0].complete
    session.succeeded(session.understand("CLOSE c").actions[0])
    assert not session.understand("FETCH c").actions[0].complete


def test_a_cursor_ends_with_its_transaction_unless_it_holds() -> None:
    session = understander()
    for text in ("DECLARE a CURSOR FOR SELECT 1", "DECLARE b CURSOR WITH HOLD FOR SELECT 1"):
        session.succeeded(session.understand(text).actions[0])
    session.transaction_ended(committed=True)
    assert not session.understand("FETCH a").actions[0].complete
    assert session.understand("FETCH b").actions[0].complete
    session.succeeded(session.understand("DISCARD ALL").actions[0])
    assert not session.understand("FETCH b").actions[0].complete


def test_what_was_not_understood_when_declared_is_not_when_fetched() -> None:
    found = understood("DECLARE c CURSOR FOR SELECT * FROM nosuch; FETCH c").actions[1]
    assert not found.complete


def test_an_unknown_cursor_is_not_understood() -> None:
    for text in ("FETCH c", "MOVE c", "FETCH ALL FROM c"):
        assert not action(text).complete
    assert words(action("CLOSE ALL")) == ["close all"]


def test_a_name_that_the_protocol_took_is_no_cursor_any_more() -> None:
    session = understander()
    for text in ("DECLARE c CURSOR FOR SELECT 1", "DECLARE d CURSOR FOR SELECT 1", "PREPARE c AS SELECT 1"):
        session.succeeded(session.understand(text).actions[0])
    session.name_taken("cursor", "c")
    assert not session.understand("FETCH c").actions[0].complete
    assert session.understand("FETCH d").actions[0].complete
    assert session.understand("EXECUTE c").actions[0].complete
    session.name_taken("prepared", "c")
    assert not session.understand("EXECUTE c").actions[0].complete
