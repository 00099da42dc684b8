from passgate.core.action import Action
from tests.unit.languages.sql.shop import action, understander, understood, words


def last(text: str) -> Action:
    return understood(text).actions[-1]


def test_a_statement_is_judged_when_it_is_named() -> None:
    assert "delete orders" in words(action("PREPARE p AS DELETE FROM orders"))
    assert "select customers.ssn output" in words(action("PREPARE p(int) AS SELECT ssn FROM customers WHERE id = $1"))


def test_and_again_with_its_arguments_when_it_runs() -> None:
    found = last("PREPARE p(text) AS SELECT $1::regclass; EXECUTE p('customers')")
    assert found.complete
    assert "select customers" in words(found)
    assert not last("PREPARE p(text) AS SELECT $1::regclass; EXECUTE p('cust' || 'omers')").complete
    found = last("PREPARE p(int) AS DELETE FROM orders WHERE id = $1; EXECUTE p(7)")
    assert (found.verb, found.verb_class) == ("execute", "write")
    assert any(atom.verb == "delete" and atom.key_pinned for atom in found.atoms)
    found = last("PREPARE p(bool) AS DELETE FROM orders WHERE $1; EXECUTE p(true)")
    assert not any(atom.where_effective for atom in found.atoms if atom.verb == "delete")
    assert "call wipe" in words(last("PREPARE p(int) AS SELECT $1; EXECUTE p(wipe())"))


def test_its_result_is_that_of_its_body() -> None:
    found = last("PREPARE p AS SELECT ssn AS x FROM customers; EXECUTE p")
    assert found.outputs is not None
    assert [(o.name, {s.column for s in o.sources}) for o in found.outputs] == [("x", {"ssn"})]


def test_an_unknown_name_is_not_understood() -> None:
    assert not action("EXECUTE p").complete
    assert not last("PREPARE p AS SELECT 1; DEALLOCATE p; EXECUTE p").complete
    assert not last("PREPARE p AS SELECT 1; DEALLOCATE ALL; EXECUTE p").complete
    assert not last("PREPARE p AS SELECT 1; DISCARD ALL; EXECUTE p").complete


def test_a_name_is_known_once_it_has_succeeded() -> None:
    session = understander()
    prepare = session.understand("PREPARE p AS SELECT note FROM orders").actions[0]
    assert not session.understand("EXECUTE p").actions[0].complete
    session.succeeded(prepare)
    found = session.understand("EXECUTE p")
    assert found.actions[0].complete
    assert not found.cacheable
    session.transaction_ended(committed=False)
    assert session.understand("EXECUTE p").actions[0].complete
    session.succeeded(session.understand("DEALLOCATE p").actions[0])
    assert not session.understand("EXECUTE p").actions[0].complete


def test_a_name_may_be_given_anew() -> None:
    found = last("PREPARE p AS SELECT 1; DEALLOCATE p; PREPARE p AS DELETE FROM orders; EXECUTE p")
    assert "delete orders" in words(found)
