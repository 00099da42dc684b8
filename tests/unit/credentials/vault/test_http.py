"""One exchange with a Vault: what bounds it, what is asked again, and what each refusal is called."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from passgate.core.errors import SecretUnavailableError
from passgate.credentials.vault.errors import VaultRefusedError, VaultUnreachableError
from passgate.credentials.vault.http import VaultServer
from passgate.identity.authority import make_authority, make_server_certificate
from tests.unit.credentials.vault.conftest import Played, cut, never, refused, said


async def test_token_namespace_and_body_go_where_they_belong(played: Played) -> None:
    played.will(said(data={"a": "b"}))
    server = VaultServer(name="main", address=played.address, namespace="team-a")
    assert await server.ask("POST", "sys/x", token="t", body={"n": 1}) == {"data": {"a": "b"}}
    (asked,) = played.asked
    assert (asked.method, asked.path, asked.token, asked.namespace) == ("POST", "/v1/sys/x", "t", "team-a")
    assert asked.body == {"n": 1}


async def test_an_empty_answer_is_an_empty_document(played: Played) -> None:
    played.will(web.Response(status=204))
    assert await played.vault().ask("POST", "sys/leases/revoke") == {}


@pytest.mark.parametrize(
    ("status", "error", "remedy"),
    [
        (400, "x", "check mount, path and role"),
        (403, "permission denied", "that its policy allows it"),
        (404, "x", "the version of the KV engine"),
        (405, "unsupported operation", "of another kind"),
        (412, "x", "try again"),
        (429, "request path quota exceeded", "rate limit"),
        (307, "x", "let `address` name the active node"),
        (500, "x", "its own log says why"),
        (503, "Vault is sealed", "unseal it"),
        (503, "node is standby", "starting or being maintained"),
    ],
)
async def test_each_refusal_is_told_apart_and_has_a_remedy(
    played: Played, status: int, error: str, remedy: str
) -> None:
    played.will(refused(status, error, "t-secret"))
    with pytest.raises(VaultRefusedError, match=remedy) as raised:
        await played.vault().ask("GET", "secret/data/a", token="t-secret")
    assert raised.value.status == status
    assert str(raised.value).startswith("vault main, GET secret/data/a: ")
    assert "t-secret" not in str(raised.value)


@pytest.mark.parametrize(("status", "attempts"), [(429, 3), (503, 3), (412, 3), (500, 1), (403, 1), (404, 1)])
async def test_what_was_not_heard_out_is_asked_again_but_not_for_ever(
    played: Played, status: int, attempts: int
) -> None:
    played.will(refused(status))
    with pytest.raises(VaultRefusedError):
        await played.vault().ask("GET", "a")
    assert len(played.asked) == attempts


async def test_a_sealed_vault_is_not_asked_again(played: Played) -> None:
    played.will(refused(503, "Vault is sealed"))
    with pytest.raises(VaultRefusedError) as raised:
        await played.vault().ask("GET", "a")
    assert raised.value.sealed
    assert len(played.asked) == 1


async def test_a_vault_that_was_busy_once_answers_in_the_end(played: Played) -> None:
    played.will(refused(429), cut, said(data=1))
    assert await played.vault().ask("GET", "a") == {"data": 1}
    assert len(played.asked) == 3
    played.will(cut)
    with pytest.raises(VaultUnreachableError):
        await played.vault().ask("GET", "a")
    assert len(played.asked) == 6


async def test_what_may_have_been_done_is_not_done_twice(played: Played) -> None:
    played.will(cut)
    with pytest.raises(VaultUnreachableError, match="cannot be reached"):
        await played.vault().ask("GET", "database/creds/x", repeatable=False)
    assert len(played.asked) == 1


async def test_a_redirect_is_not_followed_and_the_token_stays(played: Played) -> None:
    other = TestServer(web.Application())
    await other.start_server()
    try:
        played.will(web.Response(status=307, headers={"Location": f"http://127.0.0.1:{other.port}/v1/a"}))
        with pytest.raises(VaultRefusedError, match="sends elsewhere"):
            await played.vault().ask("GET", "a", token="t")
        assert len(played.asked) == 1
    finally:
        await other.close()


async def test_no_answer_ends_in_time(played: Played) -> None:
    played.will(never)
    with pytest.raises(VaultUnreachableError, match=r"gave no answer within 0\.2 s"):
        await played.vault(seconds=0.2).ask("GET", "a")


async def test_nobody_there() -> None:
    server = VaultServer(name="main", address=f"http://127.0.0.1:{unused_port()}")
    with pytest.raises(VaultUnreachableError, match="vault main cannot be reached: ClientConnectorError") as raised:
        await server.ask("GET", "a", repeatable=False)
    assert not raised.value.heard


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'{"a": "' + b"x" * 1024 * 1024 + b'"}'])
async def test_what_is_no_vaults_answer(played: Played, body: bytes) -> None:
    played.will(web.Response(body=body))
    with pytest.raises(VaultUnreachableError, match="is `address` right"):
        await played.vault().ask("GET", "a", repeatable=False)


async def test_only_its_own_authority_is_trusted(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    authority, stranger = (make_authority(organization=name, now=now) for name in ("a", "b"))
    own = make_server_certificate(authority, names=["127.0.0.1"], now=now)
    (tmp_path / "c").write_bytes(own.certificate)
    (tmp_path / "k").write_bytes(own.key)
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(tmp_path / "c", tmp_path / "k")
    app = web.Application()

    async def answer(request: web.Request) -> web.Response:
        return said(data=1)

    app.router.add_get("/v1/a", answer)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=shown)
    try:
        trusting = ssl.create_default_context(cadata=authority.certificate.decode())
        vault = VaultServer(name="main", address=f"https://127.0.0.1:{server.port}", tls=trusting)
        assert await vault.ask("GET", "a") == {"data": 1}
        other = ssl.create_default_context(cadata=stranger.certificate.decode())
        vault = VaultServer(name="main", address=f"https://127.0.0.1:{server.port}", tls=other)
        with pytest.raises(VaultUnreachableError, match="let `ca` name its authority"):
            await vault.ask("GET", "a")
    finally:
        await server.close()


@pytest.mark.parametrize("token", ["s.secret\n", "s.secret\r\nX-Other: 1", "s.secr\u00e9t", "s.secret\x7f"])
async def test_a_token_that_no_header_can_hold(played: Played, token: str) -> None:
    """Class: a secret that goes somewhere with rules of its own, which would name it in its own error."""
    with pytest.raises(SecretUnavailableError, match="no HTTP header") as caught:
        await played.vault().ask("GET", "sys/x", token=token)
    assert "s.secr" not in str(caught.value)
    assert played.asked == []
