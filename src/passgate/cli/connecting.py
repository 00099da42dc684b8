"""How a client of each protocol connects through the gate with a pass: the lines to copy."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from passgate.config.postgres import PostgresListener
from passgate.config.settings import Settings

PLACEHOLDER = "<secret>"

_EVERYWHERE = {"0.0.0.0": "localhost", "::": "localhost"}  # noqa: S104 - compared with, not bound to


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """``command`` for a terminal, ``dsn`` for any driver; in both ``<secret>`` stands for the secret."""

    resource: str
    command: str
    dsn: str


def connections(
    settings: Settings, pass_id: str, resources: list[str], *, secret_file: Path | None
) -> list[Connection]:
    """One per resource, through the first listener that speaks its protocol; none for a resource without one."""
    found: list[Connection] = []
    for name in resources:
        listener = next((one for one in settings.listeners if isinstance(one, PostgresListener)), None)
        if listener is not None and name in settings.postgres_resources:
            found.append(_postgres(settings, listener, pass_id, name, secret_file))
    return found


def password_line(settings: Settings, pass_id: str, secret: str) -> str:
    """A line of a libpq password file. A pass id belongs to one gate, so host and database may be any."""
    ports = {listener.port for listener in settings.listeners}
    port = str(ports.pop()) if len(ports) == 1 else "*"
    return f"*:{port}:*:{pass_id}:{secret}\n"


def _postgres(
    settings: Settings, listener: PostgresListener, pass_id: str, resource: str, secret_file: Path | None
) -> Connection:
    """The resource's name stands where a database's name does; the pass's id is the user, its secret the password."""
    host = _EVERYWHERE.get(listener.address, listener.address)
    own = listener.tls.certificate is not None
    tls = {"sslmode": "verify-full", "sslrootcert": "system" if own else str(settings.state_folder.ca_certificate)}
    words = {"host": host, "port": str(listener.port), "dbname": resource, "user": pass_id, **tls}
    info = " ".join(f"{key}={_libpq_quoted(value)}" for key, value in words.items())
    where = f"PGPASSFILE={shlex.quote(str(secret_file))}" if secret_file else f"PGPASSWORD='{PLACEHOLDER}'"
    address = f"[{host}]" if ":" in host else host
    query = urlencode(tls, safe="/", quote_via=quote)
    return Connection(
        resource=resource,
        command=f"{where} psql {shlex.quote(info)}",
        dsn=f"postgresql://{pass_id}:{PLACEHOLDER}@{address}:{listener.port}/{quote(resource)}?{query}",
    )


def _libpq_quoted(value: str) -> str:
    if value and not any(character in value for character in " '\\"):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
