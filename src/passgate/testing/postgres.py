"""A throw-away PostgreSQL cluster: TLS, SCRAM, its own folder, gone at the end.

The server refuses to run as root, so a root caller hands the folder to another user (``postgres`` where it exists, ``nobody``
otherwise) and starts the server as that user.
"""

import ipaddress
import os
import pwd
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from passgate.core.errors import PassgateError

_START_SECONDS = 60
_SUPERUSER = "postgres"

_FAST_AND_FORGETFUL = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "shared_buffers = 64MB")
"""The cluster dies with the test: nothing in it needs to survive a crash."""


class PostgresMissingError(PassgateError):
    """No PostgreSQL server programs were found: install the package `postgresql`, or set PASSGATE_PG_BIN to their folder."""


def server_programs() -> Path:
    """Folder of ``initdb`` and ``postgres``; the newest version wins. Raises PostgresMissingError."""
    named = os.environ.get("PASSGATE_PG_BIN")
    if named:
        folders = [Path(named)]
    else:
        versions = Path("/usr/lib/postgresql")
        found = sorted(versions.glob("*/bin"), key=_version, reverse=True) if versions.is_dir() else []
        on_path = shutil.which("initdb")
        folders = [*found, *([Path(on_path).resolve().parent] if on_path else [])]
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise PostgresMissingError


def _version(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdigit() else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresCluster:
    """A running server. ``password`` is the superuser's; ``ca`` is the certificate that signed the server's own."""

    directory: Path
    host: str
    port: int
    user: str
    ca: Path
    programs: Path
    password: str = field(repr=False)

    @classmethod
    @contextmanager
    def start(cls, directory: Path, *, settings: Sequence[str] = ()) -> Iterator["PostgresCluster"]:
        """Create a cluster under ``directory``, run it, and stop it on leaving. Raises PostgresMissingError, PassgateError."""
        programs = server_programs()
        data = directory / "data"
        directory.mkdir(parents=True, exist_ok=True)
        password = secrets.token_urlsafe(24)
        ca, certificate, key = _certificates(directory)
        owner = _server_user()
        password_file = directory / "superuser.password"
        password_file.write_text(password)
        password_file.chmod(0o600)
        _hand_over(directory, owner)
        _run(
            [
                str(programs / "initdb"),
                *("--pgdata", str(data), "--username", _SUPERUSER, "--auth", "scram-sha-256"),
                *(
                    "--pwfile",
                    str(password_file),
                    "--encoding",
                    "UTF8",
                    "--locale",
                    "C.UTF-8",
                    "--no-sync",
                    "--no-instructions",
                ),
            ],
            owner,
        )
        port = free_port()
        config = [
            "listen_addresses = '127.0.0.1'",
            f"port = {port}",
            f"unix_socket_directories = '{directory}'",
            "ssl = on",
            f"ssl_cert_file = '{certificate}'",
            f"ssl_key_file = '{key}'",
            "password_encryption = 'scram-sha-256'",
            "max_connections = 200",
            "log_min_messages = warning",
            *_FAST_AND_FORGETFUL,
            *settings,
        ]
        with (data / "postgresql.conf").open("a") as file:
            file.write("\n".join(config) + "\n")
        control = [str(programs / "pg_ctl"), "--pgdata", str(data), "--log", str(directory / "server.log")]
        _run([*control, "--wait", "--timeout", str(_START_SECONDS), "start"], owner)
        try:
            yield cls(
                directory=directory,
                host="127.0.0.1",
                port=port,
                user=_SUPERUSER,
                ca=ca,
                programs=programs,
                password=password,
            )
        finally:
            _run([*control, "--mode", "immediate", "--wait", "stop"], owner)

    def dsn(self, database: str = "postgres") -> str:
        """A DSN for the superuser, with verified TLS. It holds the password: for drivers, never for argv or a log."""
        return (
            f"postgresql://{self.user}:{self.password}@{self.host}:{self.port}/{database}"
            f"?sslmode=verify-full&sslrootcert={self.ca}"
        )

    def psql(self, sql: str, *, database: str = "postgres") -> str:
        """Run statements as the superuser through ``psql``; returns unaligned rows. Raises PassgateError."""
        program = shutil.which("psql") or str(self.programs / "psql")
        done = subprocess.run(
            [program, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"],
            input=sql,
            env={
                **os.environ,
                "PGHOST": self.host,
                "PGPORT": str(self.port),
                "PGUSER": self.user,
                "PGPASSWORD": self.password,
                "PGDATABASE": database,
                "PGSSLMODE": "verify-full",
                "PGSSLROOTCERT": str(self.ca),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise PassgateError(f"psql failed: {done.stderr.strip()}")
        return done.stdout.strip()


def _server_user() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PassgateError("PostgreSQL does not run as root, and there is no other user to run it as")


def _hand_over(directory: Path, owner: pwd.struct_passwd | None) -> None:
    if owner is None:
        return
    for path in (directory, *directory.rglob("*")):
        os.chown(path, owner.pw_uid, owner.pw_gid)
    if not _reachable(directory, owner):
        raise PassgateError(
            f"{directory} lies below a folder that user {owner.pw_name} cannot enter: choose one under /tmp"
        )


def _reachable(directory: Path, owner: pwd.struct_passwd) -> bool:
    for parent in directory.resolve().parents:
        status = parent.stat()
        if status.st_uid == owner.pw_uid or status.st_gid == owner.pw_gid:
            continue
        if not status.st_mode & 0o001:
            return False
    return True


def _run(command: Sequence[str], owner: pwd.struct_passwd | None) -> None:
    done = subprocess.run(
        command,
        user=owner.pw_uid if owner else None,
        group=owner.pw_gid if owner else None,
        extra_groups=[] if owner else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if "initdb" in command[0] else subprocess.DEVNULL,
        stderr=subprocess.STDOUT if "initdb" in command[0] else subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stdout or b"").decode(errors="replace").strip()
        raise PassgateError(
            f"{Path(command[0]).name} failed with exit code {done.returncode}: {said or 'see server.log'}"
        )


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _certificates(directory: Path) -> tuple[Path, Path, Path]:
    """A CA and a server certificate for 127.0.0.1 and localhost, good for a day."""
    start = datetime.now(UTC) - timedelta(minutes=5)
    end = start + timedelta(days=1)
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "throw-away test CA")])
    ca = (
        x509.CertificateBuilder()
        .subject_name(ca_name)
        .issuer_name(ca_name)
        .public_key(ca_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .add_extension(_ca_usage(), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]))
        .issuer_name(ca_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    paths = directory / "ca.crt", directory / "server.crt", directory / "server.key"
    paths[0].write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[2].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    paths[2].chmod(0o600)
    return paths


def _ca_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
