import pytest

from passgate.codecs.postgres.error_response import ErrorResponse, NoticeResponse
from passgate.core.errors import RemoteProtocolError


def test_fields_are_written_in_the_servers_order() -> None:
    error = ErrorResponse(routine="r", message="m", sqlstate="42501", severity="ERROR", severity_localized="FEHLER")
    assert error.encode()[5:] == b"SFEHLER\0VERROR\0C42501\0Mm\0Rr\0\0"


def test_a_field_that_is_not_known_is_dropped() -> None:
    """Nobody could say whether it holds a value."""
    assert NoticeResponse.parse(b"Mm\0ZDetail: 536-90-4399\0\0") == NoticeResponse(message="m")


def test_an_empty_field_is_not_a_missing_one() -> None:
    parsed = ErrorResponse.parse(b"D\0\0")
    assert parsed.detail == ""
    assert parsed.hint is None


def test_text_in_the_servers_own_locale_does_not_break_the_session() -> None:
    assert ErrorResponse.parse(b"Mcaf\xe9\0\0").message == "caf\ufffd"


@pytest.mark.parametrize("payload", [b"", b"Mm\0", b"Mm\0Mn\0\0", b"Mm\0\0\0", b"Mm"])
def test_a_malformed_report_is_refused(payload: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="ErrorResponse"):
        ErrorResponse.parse(payload)
