"""What is wrong with a configuration, told so that it can be mended at once."""

from collections.abc import Iterable
from dataclasses import dataclass

from passgate.core.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """Both count from one."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """``path`` leads to the setting (``("listeners", 0, "port")``); ``text`` never repeats a value that may be a secret."""

    place: Place
    path: tuple[str | int, ...]
    text: str

    @property
    def dotted(self) -> str:
        """``listeners[0].port``."""
        written = ""
        for step in self.path:
            written += f"[{step}]" if isinstance(step, int) else f".{step}" if written else str(step)
        return written or "(file)"


class InvalidSettingsError(ConfigError):
    """The configuration is not usable."""

    def __init__(self, file: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.place, str(p.path))))
        lines = [f"{file}:{p.place.line}:{p.place.column}: {p.dotted}: {p.text}" for p in self.problems]
        super().__init__("\n".join(lines))
