"""How a person is to sign in: the options that every command shares through which one does, and the flows that follow."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passgate.cli.durations import duration_of
from passgate.cli.output import note, printable
from passgate.core.errors import SignInError

if TYPE_CHECKING:
    from passgate.cli.provider_client import Flow

ProviderOption = Annotated[str | None, typer.Option("--provider", help="Where to sign in, if the gate knows several.")]
ProviderCaOption = Annotated[
    Path | None, typer.Option("--provider-ca", help="The authority that signed the provider's certificate.")
]
DeviceOption = Annotated[
    bool, typer.Option("--device", help="Sign in with another machine's browser: a page and a code.")
]
NoBrowserOption = Annotated[
    bool, typer.Option("--no-browser", help="Open no browser, print the page; it must be opened on this machine.")
]
WaitOption = Annotated[str, typer.Option("--wait", help="How long to wait for the person: 5m.")]


def sign_in_flows(*, device: bool, no_browser: bool, wait: str) -> "Sequence[Flow]":
    """The first that the provider has is used. Raises SignInError."""
    from passgate.cli.browser import has_browser
    from passgate.cli.browser_flow import BrowserFlow
    from passgate.cli.device_flow import DeviceFlow

    if device and no_browser:
        raise SignInError("--device and --no-browser are two ways to sign in: choose one")
    seconds = duration_of("--wait", wait).total_seconds()
    elsewhere = DeviceFlow(invite=_invite, wait=seconds)
    if device:
        return (elsewhere,)
    if no_browser:
        return (BrowserFlow(show=_print_page, wait=seconds),)
    if has_browser():
        return (BrowserFlow(show=_open_page, wait=seconds), elsewhere)
    return (elsewhere, BrowserFlow(show=_print_page, wait=seconds))


def _invite(url: str, code: str) -> None:
    note(f"Open {printable(url)} and enter the code {printable(code)}.")


async def _print_page(url: str) -> None:
    note(f"Open {printable(url)} in a browser on this machine.")


async def _open_page(url: str) -> None:
    from passgate.cli.browser import open_browser

    note(f"A browser opens for you to sign in. If none does, open {printable(url)}")
    await open_browser(url)
