import pytest

from passgate.codecs.postgres.extended_query import Bind, Close, Describe, Execute, Parse, Target, format_at
from passgate.core.errors import RemoteProtocolError


def test_formats_are_none_one_or_each() -> None:
    bind = Bind(portal="", statement="s", parameter_formats=(1,), parameters=(b"", None), result_formats=(0, 1))
    assert [bind.parameter_format(i) for i in range(2)] == [1, 1]
    assert [bind.result_format(i) for i in range(2)] == [0, 1]
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


@pytest.mark.parametrize("kind", [Describe, Close])
def test_a_target_is_a_statement_or_a_portal(kind: type[Describe] | type[Close]) -> None:
    assert kind.parse(b"Sname\0") == kind(target=Target.STATEMENT, name="name")
    assert kind.parse(b"P\0") == kind(target=Target.PORTAL, name="")
    for payload in (b"", b"X\0", b"\xff\0", b"S"):
        with pytest.raises(RemoteProtocolError):
            kind.parse(payload)


def test_an_execute_keeps_a_negative_limit_as_it_came() -> None:
    assert Execute.parse(b"\0\xff\xff\xff\xff").max_rows == -1


def test_a_parse_cannot_announce_more_types_than_it_has() -> None:
    with pytest.raises(RemoteProtocolError, match="cut short"):
        Parse.parse(b"s\0select $1\0\0\x02\0\0\0\x17")
