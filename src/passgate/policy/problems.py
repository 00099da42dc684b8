"""What is wrong with a bundle, all of it at once, each with its place."""

from collections.abc import Iterable
from dataclasses import dataclass

from passgate.core.errors import PolicyError


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """``line`` and ``column`` count from 1, in characters."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """``remedy`` says what to write instead, empty if nothing is near."""

    place: Place
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" + (f" ({self.remedy})" if self.remedy else "")


class BundleError(PolicyError):
    """The policy bundle is not usable."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))
