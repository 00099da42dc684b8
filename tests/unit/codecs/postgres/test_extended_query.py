import pytest

from passgate.codecs.postgres.extended_query import Close, Describe, Execute, Parse, Target
from passgate.core.errors import RemoteProtocolError


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
