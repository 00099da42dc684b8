"""docs/guide/language-models.md, done as it is written: its configuration, its commands, its program, against the stand-in."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from passgate.testing.gate import command_line
from passgate.testing.llm_provider import RunningProvider
from passgate.testing.postgres import free_port

GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "language-models.md"
READY = re.compile(r"listening on")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)


class Place:
    """The folder that a reader of the page is in, with free ports and the stand-in in the place of the page's."""

    def __init__(self, folder: Path, provider: RunningProvider) -> None:
        self.folder = folder
        self.changes = {
            "8080": str(free_port()),
            "9464": str(free_port()),
            "https://api.anthropic.com": provider.url,
            "https://api.openai.com": provider.url,
        }
        keys = dict.fromkeys(("ANTHROPIC_KEY_OF_THE_GATE", "OPENAI_KEY_OF_THE_GATE"), provider.provider.key)
        self.environment = {**os.environ, **keys, "NO_COLOR": "1", "COLUMNS": "200"}
        for name in ("PASSGATE_CONFIG", "PASSGATE_STATE"):
            self.environment.pop(name, None)

    def here(self, text: str) -> str:
        for page, mine in self.changes.items():
            text = text.replace(page, mine)
        return text

    def run(self, words: list[str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(words, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False)

    def command(self, line: str) -> str:
        name, *arguments = shlex.split(line)
        assert name == "passgate"
        done = self.run([sys.executable, "-m", "passgate", *arguments])
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("guide") / "passgate"
    assert command_line(["init", "--dir", str(folder)]).returncode == 0
    with RunningProvider.start() as provider:
        place = Place(folder, provider)
        (configuration,) = blocks("yaml")
        (folder / "passgate.yaml").write_text(place.here(configuration))
        yield place


def serve(place: Place) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-m", "passgate", "serve"],
        cwd=place.folder,
        env=place.environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if READY.search(line):
            return process
    raise AssertionError("the gate did not come up")


def test_the_page_from_its_begin_to_its_end(place: Place) -> None:
    before, issue, after = (block.splitlines() for block in blocks("sh"))
    said = {line: place.command(line) for line in before}
    assert "token by llm-tokens-out" in said[before[2]]
    assert "llm-tokens-out" in said[before[3]]
    gate = serve(place)
    try:
        for line in issue:
            place.command(line)
        (program,) = blocks("python")
        done = place.run([sys.executable, "-c", place.here(program)])
        assert done.returncode == 0, done.stderr
        answer, refusal = done.stdout.splitlines()
        assert answer == "Repeat: grace.hopper@navy.example"
        assert "AWS_ACCESS_KEY_ID" in refusal
        assert "AKIAQYLPMN5HHHFPZAM2" not in refusal
        said = {line: place.command(line) for line in after}
    finally:
        gate.terminate()
        assert gate.stderr is not None
        gate.stderr.close()
        gate.wait(30)
    assert "agent:helper for human:ada@example.com" in said["passgate sessions list"]
    assert said["passgate sessions list --live"].count("agent:helper") == 2
    assert "action.refused" in said["passgate ledger search deny"]
    assert "FAIL" not in said["passgate ledger verify"]
