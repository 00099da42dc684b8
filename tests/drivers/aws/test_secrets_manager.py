"""AWS Secrets Manager as moto plays it: a server of its own, asked by botocore over HTTP with signed requests."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import psycopg
import pytest

from passgate.core.errors import SecretUnavailableError
from passgate.credentials.aws import AwsCredential
from passgate.testing import GateSetup, PostgresCluster, RunningGate
from passgate.testing.postgres import free_port
from tests.drivers.conftest import BUNDLE

REGION = "eu-west-1"


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its origin. PASSGATE_MOTO names a `moto_server` that is there already."""
    program = os.environ.get("PASSGATE_MOTO")
    if program is None:
        folder = tmp_path_factory.mktemp("moto")
        uv = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, folder], check=True)
        needed = Path(__file__).parent / "requirements.txt"
        python = folder / "bin" / "python"
        subprocess.run([uv, "pip", "install", "-q", "--python", python, "-r", needed], check=True)
        program = str(folder / "bin" / "moto_server")
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(
        [program, "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    try:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None
                try:
                    process.wait(timeout=0.1)
                except subprocess.TimeoutExpired:
                    continue
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "aws-own-secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def aws(moto: str, _credentials: None) -> Iterator[Any]:
    client = botocore.session.get_session().create_client("secretsmanager", region_name=REGION, endpoint_url=moto)
    yield client
    client.close()


async def test_a_secret_or_a_field_of_it(moto: str, aws: Any) -> None:
    aws.create_secret(Name="shop/whole", SecretString="plain-secret")
    made = aws.create_secret(Name="shop/db", SecretString='{"username": "app", "password": "p-secret", "port": 5432}')
    whole = AwsCredential(secret="shop/whole", region=REGION, endpoint=moto)
    assert await whole.obtain() == "plain-secret"
    for name in ("shop/db", made["ARN"]):
        assert await AwsCredential(secret=name, field="password", region=REGION, endpoint=moto).obtain() == "p-secret"
    aws.put_secret_value(SecretId="shop/whole", SecretString="turned-secret")
    assert await whole.obtain() == "turned-secret"


async def test_what_cannot_be_had_is_told_apart(moto: str, aws: Any) -> None:
    aws.create_secret(Name="bad/plain", SecretString="p-secret")
    aws.create_secret(Name="bad/fields", SecretString='{"password": 7}')
    aws.create_secret(Name="bad/bytes", SecretBinary=b"p-secret")
    aws.create_secret(Name="bad/gone", SecretString="p-secret")
    aws.delete_secret(SecretId="bad/gone", RecoveryWindowInDays=7)
    for name, field, why in (
        ("bad/none", "", "there is no such secret in that region"),
        ("bad/plain", "password", "is no JSON object"),
        ("bad/fields", "password", "has no field password that is a text"),
        ("bad/fields", "other", "has no field other"),
        ("bad/bytes", "", "is not a text"),
        ("bad/gone", "", "marked for deletion"),
    ):
        with pytest.raises(SecretUnavailableError, match=why) as raised:
            await AwsCredential(secret=name, field=field, region=REGION, endpoint=moto).obtain()
        assert "p-secret" not in str(raised.value)


def test_a_gate_logs_in_with_it(moto: str, aws: Any, cluster: PostgresCluster, tmp_path: Path) -> None:
    aws.create_secret(Name="prod/shop", SecretString='{"password": "app-password"}')
    source = f"{{aws: {{secret: prod/shop, field: password, region: {REGION}, endpoint: '{moto}'}}}}"
    setup = GateSetup(database="shop", user="app", bundle=BUNDLE, credential=source)
    with (
        RunningGate.start(tmp_path / "gate", cluster, setup) as gate,
        psycopg.connect(gate.dsn(gate.issue(verbs="read"))) as connection,
    ):
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (3000,)
        kept = [gate.log.read_bytes(), *(file.read_bytes() for file in gate.state.rglob("*") if file.is_file())]
        assert not any(secret in content for secret in (b"app-password", b"aws-own-secret") for content in kept)
