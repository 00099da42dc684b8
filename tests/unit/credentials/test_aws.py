"""AWS Secrets Manager: what it refuses, told apart. A real one is played by moto in ``tests/drivers/aws``."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from passgate.core.errors import ConfigError, SecretUnavailableError
from passgate.credentials import aws
from passgate.credentials.aws import AwsCredential


@dataclass
class Manager:
    """Answers with one document, and keeps what it was asked."""

    server: TestServer
    status: int = 200
    document: dict[str, object] = field(default_factory=dict)
    asked: list[tuple[str, str, object]] = field(default_factory=list)

    def secret(self, field: str = "") -> AwsCredential:
        return AwsCredential(
            secret="shop", field=field, region="eu-west-1", endpoint=f"http://127.0.0.1:{self.server.port}"
        )

    async def answer(self, request: web.Request) -> web.Response:
        headers = request.headers
        self.asked.append((headers["X-Amz-Target"], headers["Authorization"], json.loads(await request.read())))
        return web.json_response(self.document, status=self.status, content_type="application/x-amz-json-1.1")


@pytest.fixture
async def manager(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Manager]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "aws-own-secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    app = web.Application()
    manager = Manager(TestServer(app))
    app.router.add_post("/", manager.answer)
    await manager.server.start_server()
    yield manager
    await manager.server.close()


async def test_the_request_is_signed_and_holds_no_secret(manager: Manager) -> None:
    manager.document = {"SecretString": '{"password": "p"}'}
    assert await manager.secret("password").obtain() == "p"
    ((target, authorization, body),) = manager.asked
    assert target == "secretsmanager.GetSecretValue"
    assert authorization.startswith("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/")
    assert "/eu-west-1/secretsmanager/aws4_request" in authorization
    assert "aws-own-secret" not in authorization
    assert body == {"SecretId": "shop"}


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("AccessDeniedException", "must be allowed secretsmanager:GetSecretValue"),
        ("ResourceNotFoundException", "there is no such secret in that region"),
        ("ExpiredTokenException", "have expired"),
        ("DecryptionFailure", "its KMS key cannot be used"),
        ("SomethingNew", r"AWS refused it \(SomethingNew\)"),
    ],
)
async def test_each_refusal_has_its_remedy_and_says_nothing_else(manager: Manager, code: str, why: str) -> None:
    manager.status, manager.document = 400, {"__type": code, "message": "p-secret"}
    with pytest.raises(SecretUnavailableError, match=why) as raised:
        await manager.secret().obtain()
    assert "p-secret" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({}, "is not a text"),
        ({"SecretBinary": "cA=="}, "is not a text"),
        ({"SecretString": ""}, "holds no secret"),
        ({"SecretString": "x" * 5000}, "is longer than"),
    ],
)
async def test_what_is_no_password(manager: Manager, document: dict[str, object], why: str) -> None:
    manager.document = document
    with pytest.raises(SecretUnavailableError, match=why):
        await manager.secret().obtain()


@pytest.mark.parametrize("text", ["no json", "[1]", '{"password": 7}', "{}"])
async def test_a_field_that_is_not_there(manager: Manager, text: str) -> None:
    manager.document = {"SecretString": text}
    with pytest.raises(SecretUnavailableError, match="field password"):
        await manager.secret("password").obtain()


async def test_nobody_there_and_nobody_to_be(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    gone = AwsCredential(secret="shop", region="eu-west-1", endpoint=f"http://127.0.0.1:{unused_port()}")
    monkeypatch.setattr(aws, "_ATTEMPTS", 1)
    with pytest.raises(SecretUnavailableError, match="EndpointConnectionError"):
        await gone.obtain()
    empty = str(tmp_path_factory.mktemp("home") / "none")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", empty)
    monkeypatch.setenv("AWS_CONFIG_FILE", empty)
    with pytest.raises(SecretUnavailableError, match="NoCredentialsError"):
        await manager.secret().obtain()
    with pytest.raises(SecretUnavailableError, match="NoRegionError"):
        await AwsCredential(secret="shop").obtain()


def test_without_botocore_the_gate_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "_INSTALLED", False)
    with pytest.raises(ConfigError, match=r"install passgate\[aws\]"):
        AwsCredential(secret="shop")
