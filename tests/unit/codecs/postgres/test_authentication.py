import pytest

from passgate.codecs.postgres.authentication import (
    Authentication,
    AuthenticationCleartextPassword,
    AuthenticationGSS,
    AuthenticationGSSContinue,
    AuthenticationKerberosV5,
    AuthenticationMD5Password,
    AuthenticationOk,
    AuthenticationSASL,
    AuthenticationSASLContinue,
    AuthenticationSASLFinal,
    AuthenticationSSPI,
    PasswordMessage,
    SASLInitialResponse,
    SASLResponse,
    parse_authentication,
)
from passgate.core.errors import LocalProtocolError, RemoteProtocolError


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (AuthenticationOk(), 0),
        (AuthenticationKerberosV5(), 2),
        (AuthenticationCleartextPassword(), 3),
        (AuthenticationMD5Password(salt=b"abcd"), 5),
        (AuthenticationGSS(), 7),
        (AuthenticationGSSContinue(data=b"x"), 8),
        (AuthenticationSSPI(), 9),
        (AuthenticationSASL(mechanisms=("SCRAM-SHA-256",)), 10),
        (AuthenticationSASLContinue(data=b"x"), 11),
        (AuthenticationSASLFinal(data=b"x"), 12),
    ],
)
def test_each_request_has_its_number(message: Authentication, code: int) -> None:
    body = message.encode()[5:]
    assert int.from_bytes(body[:4]) == code
    assert parse_authentication(body) == message


@pytest.mark.parametrize("code", [1, 4, 6, 13, 0xFFFFFFFF])
def test_a_request_that_is_not_known_is_refused(code: int) -> None:
    with pytest.raises(RemoteProtocolError, match=str(code)):
        parse_authentication(code.to_bytes(4))


def test_mechanisms_are_a_list_with_an_end() -> None:
    body = b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0"
    with pytest.raises(RemoteProtocolError):
        parse_authentication(body)
    assert parse_authentication(body + b"\0") == AuthenticationSASL(mechanisms=("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"))


def test_an_md5_salt_has_4_bytes() -> None:
    with pytest.raises(RemoteProtocolError):
        parse_authentication(b"\0\0\0\x05abc")
    with pytest.raises(LocalProtocolError):
        AuthenticationMD5Password(salt=b"abc").encode()


@pytest.mark.parametrize(
    "message",
    [
        PasswordMessage(password="sesame"),
        SASLInitialResponse(mechanism="SCRAM-SHA-256", data=b"sesame"),
        SASLResponse(data=b"sesame"),
        AuthenticationSASLContinue(data=b"sesame"),
        AuthenticationSASLFinal(data=b"sesame"),
    ],
)
def test_what_proves_an_identity_is_not_shown(message: object) -> None:
    assert "sesame" not in repr(message)
