from passgate.core.action import ObjectRef, Position, VerbClass
from passgate.languages.sql.findings import Findings
from passgate.languages.sql.lineage import Reach, StoredColumn

TABLE = ObjectRef(kind="relation", name="t", namespace="public")
A, B = StoredColumn(TABLE, "a"), StoredColumn(TABLE, "b")


def test_each_atom_is_kept_once_in_order() -> None:
    found = Findings()
    found.use(frozenset((B, A)), Position.OUTPUT)
    found.use(frozenset((A,)), Position.OUTPUT)
    found.use(frozenset((A,)), Position.ORDER)
    found.act("drop", VerbClass.DDL, TABLE)
    found.act("drop", VerbClass.DDL, TABLE)
    assert [(a.verb, a.column, a.position) for a in found.atoms] == [
        ("select", "a", "output"),
        ("select", "b", "output"),
        ("select", "a", "order"),
        ("drop", "", "none"),
    ]


def test_a_column_that_was_handed_on_and_never_used_is_output() -> None:
    found = Findings()
    found.passed_on.append(frozenset((A, B)))
    found.use(frozenset((A,)), Position.PREDICATE)
    found.settle()
    assert [(a.column, a.position) for a in found.atoms] == [("a", "predicate"), ("b", "output")]


def test_a_write_says_how_far_it_reaches() -> None:
    found = Findings()
    found.write("update", TABLE, Reach(where_effective=True, key_pinned=False), "a")
    (atom,) = found.atoms
    assert (atom.verb_class, atom.position, atom.where_effective, atom.key_pinned) == (
        VerbClass.WRITE,
        Position.TARGET,
        True,
        False,
    )


def test_what_is_only_explained_is_only_read() -> None:
    found = Findings()
    found.explaining, found.read_verb = True, "explain"
    found.write("delete", TABLE, Reach(where_effective=True, key_pinned=True))
    (atom,) = found.atoms
    assert (atom.verb, atom.verb_class, atom.where_effective, atom.key_pinned) == (
        "explain",
        VerbClass.READ,
        False,
        False,
    )


def test_a_gap_is_said_once() -> None:
    found = Findings()
    found.gap("x")
    found.gap("x")
    assert list(found.gaps) == ["x"]
