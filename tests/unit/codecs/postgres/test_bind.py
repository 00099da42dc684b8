import pytest

from passgate.codecs.postgres.bind import Bind, format_at
from passgate.core.errors import RemoteProtocolError


def test_formats_are_none_one_or_each() -> None:
    bind = Bind(portal="", statement="s", parameter_formats=(1,), parameters=(b"", None), result_formats=(0, 1))
    assert [bind.parameter_format(i) for i in range(2)] == [1, 1]
    assert [format_at(bind.result_formats, i) for i in range(2)] == [0, 1]
    assert format_at((), 7) == 0


def test_a_bind_with_another_number_of_formats_is_refused() -> None:
    bind = Bind(portal="", statement="", parameter_formats=(0, 1), parameters=(b"a", b"b", b"c"))
    with pytest.raises(RemoteProtocolError, match="2 format codes for 3 parameters"):
        Bind.parse(bind.encode()[5:])


def test_a_bind_hides_its_values() -> None:
    assert "sesame" not in repr(Bind(portal="", statement="", parameters=(b"sesame",)))


def test_a_bind_can_have_65535_parameters() -> None:
    bind = Bind(portal="", statement="", parameters=(b"",) * 65535)
    assert Bind.parse(bind.encode()[5:]) == bind


def test_binds_that_say_the_same_are_equal() -> None:
    one, same, other = (Bind(portal="", statement="s", parameters=(value,)) for value in (b"1", b"1", b"2"))
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != "s"
