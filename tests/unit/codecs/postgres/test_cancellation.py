import pytest

from passgate.codecs.postgres.cancellation import BackendKeyData, CancelRequest
from passgate.codecs.postgres.startup import parse_startup
from passgate.core.errors import LocalProtocolError, RemoteProtocolError


def test_a_request_of_protocol_3_0_has_16_bytes() -> None:
    request = CancelRequest(process_id=7, key=b"\1\2\3\4")
    assert request.encode() == bytes.fromhex("00000010 04d2162e 00000007 01020304")


@pytest.mark.parametrize("length", [4, 32, 256])
def test_keys_have_4_to_256_bytes(length: int) -> None:
    request = CancelRequest(process_id=7, key=bytes(length))
    assert parse_startup(request.encode()) == request
    data = BackendKeyData(process_id=7, key=bytes(length))
    assert BackendKeyData.parse(data.encode()[5:]) == data


@pytest.mark.parametrize("length", [0, 3, 257])
def test_other_lengths_are_refused_both_ways(length: int) -> None:
    for kind in (CancelRequest, BackendKeyData):
        with pytest.raises(RemoteProtocolError):
            kind.parse(bytes(4 + length))
        with pytest.raises(LocalProtocolError):
            kind(process_id=7, key=bytes(length)).encode()


def test_a_key_is_not_shown() -> None:
    assert "sesame" not in repr(CancelRequest(process_id=7, key=b"sesame"))
    assert "sesame" not in repr(BackendKeyData(process_id=7, key=b"sesame"))
