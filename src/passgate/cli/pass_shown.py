"""A pass as people and programs are shown it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from passgate.cli.output import Json, how_long, note, printable, say, say_json, stamp, when
from passgate.cli.spending import amounts_as_json, budget_lines
from passgate.core.passes import Pass, PassState

if TYPE_CHECKING:
    from passgate.config.settings import Settings
    from passgate.identity.registry import IssuedPass
    from passgate.pipeline.protocols import Spending


def say_issued(settings: "Settings", issued: "IssuedPass", secret_file: Path | None, *, as_json: bool) -> None:
    from passgate.cli.connecting import connections

    pass_, now = issued.pass_, datetime.now(UTC)
    ways = connections(settings, pass_.id, sorted(pass_.resources), secret_file=secret_file and secret_file.absolute())
    if as_json:
        shown = pass_json(pass_, now)
        shown["connect"] = [{"resource": way.resource, "command": way.command, "dsn": way.dsn} for way in ways]
        if secret_file is None:
            shown["secret"] = issued.secret.reveal()
            shown["key"] = issued.key
        else:
            shown["secret_file"] = str(secret_file.absolute())
        say_json(shown)
        return
    for name, text in pass_lines(pass_, now):
        say(f"{name:<13}{printable(text)}")
    if secret_file is None:
        say(f"{'secret':<13}{issued.secret.reveal()}")
        if any(name in settings.llm_resources for name in pass_.resources):
            say(f"{'API key':<13}{pass_.id}.<secret>")
        note("The secret is shown this once and kept nowhere.")
    else:
        say(f"{'secret file':<13}{secret_file}")
    for way in ways:
        say(f"\n{way.command}\n{way.dsn}")


def say_taken(facts: dict[str, Json], *, secret: str, key: str, key_file: Path | None, as_json: bool) -> None:
    """A pass that the gate gave. ``expires_in`` among the facts: in seconds. With ``key_file`` the key is there, and not shown."""
    shown = dict(facts)
    if key_file is None:
        shown["secret"], shown["key"] = secret, key
    else:
        shown["key_file"] = str(key_file.absolute())
    if as_json:
        say_json(shown)
        return
    for name, value in shown.items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        if name == "expires_in":
            text = how_long(timedelta(seconds=int(text)))
        say(f"{name.replace('_', ' '):<11}{printable(text)}")
    if key_file is None:
        note(
            "The secret is shown this once. A database takes pass and secret as user and password, a model's API the key."
        )


def pass_lines(pass_: Pass, now: datetime, spent: "Spending | None" = None) -> Iterator[tuple[str, str]]:
    yield "pass", pass_.id
    yield "for", str(pass_.principal)
    behind = pass_.principal.links()[1:]
    if behind:
        yield "on behalf of", " for ".join(map(str, behind))
    if pass_.ancestors:
        yield "from", " from ".join(pass_.ancestors)
    if pass_.principal.groups:
        yield "groups", ", ".join(sorted(pass_.principal.groups))
    yield "resources", ", ".join(sorted(pass_.resources))
    yield "verbs", ", ".join(sorted(pass_.verbs))
    yield "purpose", pass_.purpose
    if pass_.ticket is not None:
        yield "ticket", pass_.ticket
    if pass_.task != pass_.id:
        yield "task", pass_.task
    yield "issued", when(pass_.issued)
    yield "expires", f"{when(pass_.expires)} ({how_long(pass_.expires - pass_.issued)} after issue)"
    if pass_.budget is not None:
        yield from budget_lines(pass_.budget, spent)
    yield "state", f"{pass_.state(now)} ({ends(pass_, now)})"


def ends(pass_: Pass, now: datetime) -> str:
    if pass_.state(now) is PassState.LIVE:
        return f"in {how_long(pass_.expires - now)}"
    return when(pass_.revoked if pass_.revoked is not None and pass_.revoked <= pass_.expires else pass_.expires)


def who(pass_: Pass) -> str:
    return " for ".join(map(str, pass_.principal.links()))


def pass_json(pass_: Pass, now: datetime) -> dict[str, Json]:
    behalf = pass_.principal.on_behalf_of
    return {
        "id": pass_.id,
        "principal": str(pass_.principal),
        "on_behalf_of": None if behalf is None else str(behalf),
        "chain": [str(link) for link in pass_.principal.links()],
        "delegated_from": list(pass_.ancestors),
        "groups": sorted(pass_.principal.groups),
        "resources": sorted(pass_.resources),
        "verbs": sorted(verb.value for verb in pass_.verbs),
        "purpose": pass_.purpose,
        "ticket": pass_.ticket,
        "task": pass_.task,
        "issued": stamp(pass_.issued),
        "expires": stamp(pass_.expires),
        "revoked": None if pass_.revoked is None else stamp(pass_.revoked),
        "state": pass_.state(now).value,
        "budget": amounts_as_json(pass_.budget),
    }
