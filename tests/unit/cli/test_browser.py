"""Whether this machine has a browser, and how it is opened."""

import stat
import sys
from pathlib import Path

import pytest

from passgate.cli import browser


@pytest.mark.parametrize(
    ("environment", "platform", "found"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "freebsd14", True),
        ({"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}, "linux", False),
        ({"SSH_TTY": "/dev/ttys001"}, "darwin", False),
        ({}, "darwin", True),
        ({}, "win32", True),
        ({"BROWSER": "firefox"}, "linux", True),
    ],
)
def test_which_machines_have_one(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], platform: str, found: bool
) -> None:
    monkeypatch.setattr("passgate.cli.browser.webbrowser.get", object)
    assert browser.has_browser(environment, platform) is found


def test_a_screen_without_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> object:
        raise browser.webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr("passgate.cli.browser.webbrowser.get", none)
    assert not browser.has_browser({"DISPLAY": ":0"}, "linux")


def script(folder: Path, body: str) -> Path:
    path = folder / "browser"
    path.write_text(f"#!{sys.executable}\n{body}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


async def test_it_gets_the_page_and_what_it_says_is_not_heard(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    opened = tmp_path / "opened"
    program = script(tmp_path, f"import sys; print('hello'); open({str(opened)!r}, 'w').write(sys.argv[1])")
    monkeypatch.setenv("BROWSER", f"{program} %s")
    await browser.open_browser("https://idp.example.com/auth?a=b&c=%20d")
    assert opened.read_text() == "https://idp.example.com/auth?a=b&c=%20d"
    assert capfd.readouterr() == ("", "")


async def test_one_that_stays_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    waited: list[float] = []

    class Process:
        def wait(self, seconds: float) -> None:
            waited.append(seconds)
            raise browser.subprocess.TimeoutExpired("browser", seconds)

    monkeypatch.setattr("passgate.cli.browser.subprocess.Popen", lambda *_a, **_k: Process())
    await browser.open_browser("https://idp.example.com/auth")
    assert waited == [10]
