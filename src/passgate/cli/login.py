"""``passgate login``: sign in at the company's provider, take a pass."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passgate.cli.options import JsonOption
from passgate.cli.output import Json, how_long, note, printable, say, say_json
from passgate.core.errors import SignInError

if TYPE_CHECKING:
    from passgate.cli.provider_client import Flow
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
    provider: Annotated[
        str | None, typer.Option("--provider", help="Where to sign in, if the gate knows several.")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="A workload's own token, instead of signing in.")
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option("--ca", envvar="PASSGATE_CA", help="The authority that signed the gate's certificate."),
    ] = None,
    provider_ca: Annotated[
        Path | None, typer.Option("--provider-ca", help="The authority that signed the provider's certificate.")
    ] = None,
    device: Annotated[
        bool, typer.Option("--device", help="Sign in with another machine's browser: a page and a code.")
    ] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Open no browser, print the page; it must be opened on this machine.")
    ] = False,
    wait: Annotated[str, typer.Option("--wait", help="How long to wait for the person: 5m.")] = "5m",
    key_file: Annotated[
        Path | None, typer.Option("--key-file", help="Write the pass's key there and print none.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Sign in at the company's identity provider, in a browser, and take a pass."""
    from passgate.cli.control_client import origin
    from passgate.cli.opening import key_to
    from passgate.cli.signing_in import Gate

    seconds = "" if ttl is None else str(int(seconds_in("--ttl", ttl)))
    if device and no_browser:
        raise SignInError("--device and --no-browser are two ways to sign in: choose one")
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
    with key_to(key_file) as keep:  # before anybody signs in: a token buys one pass, whose key must not be lost
        if token_file is not None:
            answer = asyncio.run(_bring(at, _read(token_file), asked))
        else:
            flows = sign_in_flows(device=device, no_browser=no_browser, wait=seconds_in("--wait", wait))
            answer = asyncio.run(sign_in_and_exchange(at, provider, flows, asked))
        keep(str(answer["access_token"]))
    _show(answer, key_file, as_json=as_json)


def seconds_in(option: str, text: str) -> float:
    from passgate.config.quantities import parse_duration

    try:
        return parse_duration(text).total_seconds()
    except ValueError as error:
        raise SignInError(f"{option}: {error}") from None


def sign_in_flows(*, device: bool, no_browser: bool, wait: float) -> "Sequence[Flow]":
    """The first that the provider has is used."""
    from passgate.cli.browser import has_browser
    from passgate.cli.browser_flow import BrowserFlow
    from passgate.cli.device_flow import DeviceFlow

    elsewhere = DeviceFlow(invite=_invite, wait=wait)
    if device:
        return (elsewhere,)
    if no_browser:
        return (BrowserFlow(show=_print_page, wait=wait),)
    if has_browser():
        return (BrowserFlow(show=_open_page, wait=wait), elsewhere)
    return (elsewhere, BrowserFlow(show=_print_page, wait=wait))


async def _bring(gate: "Gate", token: str, asked: Mapping[str, list[str]]) -> Answer:
    from passgate.cli.provider_client import Tokens

    return await gate.exchange(Tokens(id_token=token), asked)


async def sign_in_and_exchange(
    gate: "Gate", provider: str | None, flows: "Sequence[Flow]", asked: Mapping[str, list[str]]
) -> Answer:
    """Where the gate asks for a stronger sign-in, the provider is asked for it, once."""
    from passgate.cli.signing_in import StepUpNeededError

    try:
        return await gate.exchange(await gate.sign_in(provider, flows), asked)
    except StepUpNeededError as needed:
        note(f"{printable(str(needed))}. Sign in once more.")
        step_up = needed.step_up
    return await gate.exchange(await gate.sign_in(provider, flows, step_up), asked)


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SignInError(f"{path} cannot be read as a token") from error


def _invite(url: str, code: str) -> None:
    note(f"Open {printable(url)} and enter the code {printable(code)}.")


async def _print_page(url: str) -> None:
    note(f"Open {printable(url)} in a browser on this machine.")


async def _open_page(url: str) -> None:
    from passgate.cli.browser import open_browser

    note(f"A browser opens for you to sign in. If none does, open {printable(url)}")
    await open_browser(url)


def _show(answer: Answer, key_file: Path | None, *, as_json: bool) -> None:
    shown: dict[str, Json] = {
        "pass": str(answer["pass"]),
        "principal": str(answer["principal"]),
        "resources": [str(name) for name in _texts(answer["resources"])],
        "verbs": str(answer["scope"]).split(),
        "expires_in": int(str(answer["expires_in"])),
    }
    if key_file is None:
        shown["secret"], shown["key"] = str(answer["secret"]), str(answer["access_token"])
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


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
