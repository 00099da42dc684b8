import pytest

from passgate.codecs.postgres.copy import CopyData, CopyInResponse, CopyOutResponse
from passgate.core.errors import RemoteProtocolError


def test_a_text_copy_has_no_binary_column() -> None:
    assert CopyOutResponse.parse(b"\1\0\2\0\0\0\1").column_formats == (0, 1)
    with pytest.raises(RemoteProtocolError, match="binary column"):
        CopyOutResponse.parse(b"\0\0\1\0\1")


def test_a_format_that_is_not_known_is_refused_by_the_messages_name() -> None:
    with pytest.raises(RemoteProtocolError, match="CopyInResponse: format code 2"):
        CopyInResponse.parse(b"\2\0\0")


def test_data_is_not_shown() -> None:
    assert "sesame" not in repr(CopyData(data=b"sesame"))
