"""How a client of each protocol connects through the gate with a pass: the lines to copy."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from passgate.config.llm import HttpListener
from passgate.config.postgres import PostgresListener
from passgate.config.settings import Settings

PLACEHOLDER = "<secret>"

_EVERYWHERE = {"0.0.0.0": "localhost", "::": "localhost"}  # noqa: S104 - compared with, not bound to


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """``command`` for a terminal, ``dsn`` for any driver (of models their base URL); ``<secret>`` stands for the secret."""

    resource: str
    command: str
    dsn: str


def connections(
    settings: Settings, pass_id: str, resources: list[str], *, secret_file: Path | None
) -> list[Connection]:
    """One per resource, through the first listener that leads to its kind; none for a resource without one."""
    postgres = next((one for one in settings.listeners if isinstance(one, PostgresListener)), None)
    http = next((one for one in settings.listeners if isinstance(one, HttpListener)), None)
    models = [name for name in resources if name in settings.llm_resources]
    found: list[Connection] = []
    for name in resources:
        if name in models and http is not None:
            dialect = settings.llm_resources[name].dialect
            alone = sum(settings.llm_resources[other].dialect == dialect for other in models) == 1
            found.append(_models(settings, http, pass_id, name, dialect, "" if alone else f"/{name}"))
        elif name in settings.postgres_resources and postgres is not None:
            found.append(_postgres(settings, postgres, pass_id, name, secret_file))
    return found


def secret_lines(settings: Settings, resources: Iterable[str], pass_id: str, secret: str) -> str:
    """What a secret file holds: a line of a libpq password file, and the API key where the pass is for models.

    A pass id belongs to one gate, so host and database may be any. Beside a password the key is a comment, which libpq skips.
    """
    names = set(resources)
    key = f"{pass_id}.{secret}\n"
    if names <= settings.llm_resources.keys():
        return key
    ports = {one.port for one in settings.listeners if isinstance(one, PostgresListener)}
    port = str(ports.pop()) if len(ports) == 1 else "*"
    line = f"*:{port}:*:{pass_id}:{secret}\n"
    return line + f"# {key}" if names & settings.llm_resources.keys() else line


def _models(
    settings: Settings, listener: HttpListener, pass_id: str, resource: str, dialect: str, prefix: str
) -> Connection:
    """What the official clients read from the environment. The key is the pass's id, a dot and its secret."""
    host = _EVERYWHERE.get(listener.address, listener.address)
    address = f"[{host}]" if ":" in host else host
    scheme = "https" if listener.require_tls else "http"
    url = f"{scheme}://{address}:{listener.port}{prefix}" + ("/v1" if dialect == "openai" else "")
    variable = dialect.upper()
    words = {f"{variable}_BASE_URL": url, f"{variable}_API_KEY": f"{pass_id}.{PLACEHOLDER}"}
    if listener.require_tls and listener.tls.certificate is None:
        ca = str(settings.state_folder.ca_certificate)
        words |= {"SSL_CERT_FILE": ca, "NODE_EXTRA_CA_CERTS": ca}
    exports = " ".join(f"{name}={shlex.quote(value)}" for name, value in words.items())
    return Connection(resource=resource, command=f"export {exports}", dsn=url)


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
