"""``passgate login``: sign in at the company's provider, take a pass."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passgate.cli.durations import duration_of
from passgate.cli.options import JsonOption
from passgate.cli.output import Json
from passgate.cli.pass_shown import say_taken
from passgate.cli.sign_in_options import (
    DeviceOption,
    NoBrowserOption,
    ProviderCaOption,
    ProviderOption,
    WaitOption,
    sign_in_flows,
)
from passgate.core.errors import SignInError

if TYPE_CHECKING:
    from passgate.cli.signing_in import Gate

Answer = Mapping[str, object]


def login(
    gate: Annotated[
        str, typer.Option("--gate", envvar="PASSGATE_GATE", help="Where the gate listens: https://gate:8443.")
    ],
    resource: Annotated[list[str], typer.Option("--resource", help="What the pass opens; repeatable.")],
    purpose: Annotated[str, typer.Option("--purpose", help="Why; it stands in every record of its use.")],
    verbs: Annotated[
        str, typer.Option("--verbs", help="read, write, ddl, admin, code, egress; several parted by commas.")
    ] = "read",
    agent: Annotated[str | None, typer.Option("--agent", help="The registered agent that is to act for you.")] = None,
    ticket: Annotated[str | None, typer.Option("--ticket", help="The ticket it is for.")] = None,
    task: Annotated[str | None, typer.Option("--task", help="One of your tasks: its passes share their facts.")] = None,
    ttl: Annotated[str | None, typer.Option("--ttl", help="How long it lives: 30m, 2h.")] = None,
    provider: ProviderOption = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="A workload's own token, instead of signing in.")
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option("--ca", envvar="PASSGATE_CA", help="The authority that signed the gate's certificate."),
    ] = None,
    provider_ca: ProviderCaOption = None,
    device: DeviceOption = False,
    no_browser: NoBrowserOption = False,
    wait: WaitOption = "5m",
    key_file: Annotated[
        Path | None, typer.Option("--key-file", help="Write the pass's key there and print none.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Sign in at the company's identity provider, in a browser, and take a pass."""
    from passgate.cli.control_client import origin
    from passgate.cli.opening import key_to
    from passgate.cli.signing_in import Gate

    seconds = "" if ttl is None else str(int(duration_of("--ttl", ttl).total_seconds()))
    asked = {
        "audience": resource,
        "scope": [" ".join(verbs.replace(",", " ").split())],
        "purpose": [purpose],
        **{
            name: [value]
            for name, value in (("ticket", ticket), ("task", task), ("ttl", seconds), ("agent", agent))
            if value
        },
    }
    at = Gate(url=origin(gate), ca=ca, provider_ca=provider_ca)
    flows = sign_in_flows(device=device, no_browser=no_browser, wait=wait)
    with key_to(key_file) as keep:  # before anybody signs in: a token buys one pass, whose key must not be lost
        if token_file is not None:
            answer = asyncio.run(_bring(at, _read(token_file), asked))
        else:
            answer = asyncio.run(at.sign_in_and_exchange(provider, flows, asked))
        key = str(answer["access_token"])
        keep(key)
    say_taken(_facts(answer), secret=str(answer["secret"]), key=key, key_file=key_file, as_json=as_json)


async def _bring(gate: "Gate", token: str, asked: Mapping[str, list[str]]) -> Answer:
    from passgate.cli.provider_client import Tokens

    return await gate.exchange(Tokens(id_token=token), asked)


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SignInError(f"{path} cannot be read as a token") from error


def _facts(answer: Answer) -> dict[str, Json]:
    return {
        "pass": str(answer["pass"]),
        "principal": str(answer["principal"]),
        "resources": [str(name) for name in _texts(answer["resources"])],
        "verbs": list[Json](str(answer["scope"]).split()),
        "expires_in": int(str(answer["expires_in"])),
    }


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
