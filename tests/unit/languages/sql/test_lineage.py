from passgate.core.action import ColumnRef, ObjectRef, Output, Position, VerbClass
from passgate.languages.sql.lineage import NOTHING, Field, StoredColumn, Value, computed, derived, merged, outputs, row

TABLE = ObjectRef(kind="relation", name="customers", namespace="public")
SSN = StoredColumn(TABLE, "ssn")
NAME = StoredColumn(TABLE, "name")


def bare(column: StoredColumn) -> Value:
    return Value(frozenset((column,)), direct=True, type="text")


def test_the_atom_of_a_column_is_one_object() -> None:
    atom = SSN.read("select", Position.OUTPUT)
    assert atom is SSN.read("select", Position.OUTPUT)
    assert (atom.verb, atom.verb_class, atom.column, atom.position) == (
        "select",
        VerbClass.READ,
        "ssn",
        Position.OUTPUT,
    )
    assert SSN.read("select", Position.ORDER) is not atom
    assert "customers.ssn" in repr(SSN)


def test_what_is_derived_has_every_source_and_is_no_copy() -> None:
    found = derived((bare(SSN), NOTHING, bare(NAME)))
    assert found.sources == {SSN, NAME}
    assert not found.direct
    assert derived(()) is NOTHING


def test_what_is_computed_keeps_its_sources_only() -> None:
    assert computed(bare(SSN)) == Value(frozenset((SSN,)))
    assert computed(NOTHING) is NOTHING
    assert computed(NOTHING, "int4").type == "int4"


def test_a_row_has_fields_and_shows_all_of_them() -> None:
    found = row((Field("a", bare(SSN)), Field("b", bare(NAME))))
    assert found.sources == {SSN, NAME}
    assert found.fields is not None
    assert [field.name for field in found.fields] == ["a", "b"]


def test_two_sides_of_one_column_are_a_copy_only_if_both_are_the_same_copy() -> None:
    assert merged(bare(SSN), bare(SSN)).direct
    assert not merged(bare(SSN), NOTHING).direct
    assert merged(bare(SSN), bare(NAME)).sources == {SSN, NAME}
    assert not merged(bare(SSN), computed(bare(SSN))).direct


def test_outputs_are_said_in_the_words_of_the_core() -> None:
    assert outputs((Field("x", bare(SSN)),)) == (
        Output(
            name="x", sources=frozenset((ColumnRef(namespace="public", object="customers", column="ssn"),)), direct=True
        ),
    )
