"""This machine's browser, if it has one that a person sees."""

import asyncio
import os
import subprocess
import sys
import webbrowser
from collections.abc import Mapping

_SECONDS = 10


def has_browser(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Whether one could be opened: not on a machine without a screen, nor at the far end of SSH."""
    if environment.get("BROWSER"):
        return True
    if environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"):
        return False
    if platform not in ("darwin", "win32") and not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


async def open_browser(page: str) -> None:
    """Whether it opened is for the person to see. A process of its own: browsers write to the terminal what they like."""
    command = [sys.executable, "-m", "webbrowser", page]
    await asyncio.to_thread(_run, command)


def _run(command: list[str]) -> None:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(  # noqa: S603 - the page was checked to be an https URL
        command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
    )
    try:
        process.wait(_SECONDS)
    except subprocess.TimeoutExpired:
        return
