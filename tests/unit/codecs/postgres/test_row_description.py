import pytest

from passgate.codecs.postgres.row_description import DataRow, FieldDescription, RowDescription
from passgate.core.errors import RemoteProtocolError

DESCRIPTION = RowDescription(
    fields=(
        FieldDescription(name="id", table=16384, attribute=1, type=23, size=4),
        FieldDescription(name="ssn", table=16384, attribute=4, type=25),
    )
)


def test_the_origin_of_a_column_is_kept() -> None:
    """An alias changes the name, not the table and attribute: masking by them is not fooled (SELECT ssn AS x)."""
    parsed = RowDescription.parse(DESCRIPTION.encode()[5:])
    assert [(field.table, field.attribute) for field in parsed.fields] == [(16384, 1), (16384, 4)]


@pytest.mark.parametrize(("formats", "expected"), [((), [0, 0]), ((1,), [1, 1]), ((0, 1), [0, 1])])
def test_a_bind_sets_the_formats(formats: tuple[int, ...], expected: list[int]) -> None:
    assert [field.format for field in DESCRIPTION.bound(formats).fields] == expected
    assert DESCRIPTION.bound(formats).fields[1].name == "ssn"


def test_another_number_of_formats_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="3 result formats for 2 columns"):
        DESCRIPTION.bound((0, 0, 0))


def test_a_row_hides_its_values() -> None:
    assert "536-90" not in repr(DataRow(values=(b"536-90-4399",)))
