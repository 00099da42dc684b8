"""Where the bundle in force is found: files that may be edited while the gate runs (the pipeline's ``PolicySource``)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from passgate.policy.bundle import Bundle, load_bundle
from passgate.policy.evaluator import RulePolicy
from passgate.policy.problems import BundleError, Problem

Stamp = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reload:
    """``activated``: another version is in force now. With ``problems`` the old one stays."""

    activated: bool
    version: str
    problems: tuple[Problem, ...] = ()


class BundleSource:
    """One bundle in force at any moment, never none and never half of one."""

    def __init__(self, files: Sequence[Path] = (), packs: Sequence[str] = ()) -> None:
        """Raises BundleError if the first bundle does not load: without a policy nothing may start."""
        self._files = tuple(files)
        self._packs = tuple(packs)
        self._stamps = self._look()
        self._bundle = load_bundle(self._files, self._packs)
        self._policy = self._bundle.policy()

    @property
    def current(self) -> RulePolicy:
        return self._policy

    @property
    def bundle(self) -> Bundle:
        return self._bundle

    def changed(self) -> bool:
        """Whether a file differs from what was last read, good or bad. Cheap enough to ask every second."""
        return self._look() != self._stamps

    def reload(self) -> Reload:
        """Read everything anew; what does not load leaves the bundle in force where it is."""
        self._stamps = self._look()
        try:
            bundle = load_bundle(self._files, self._packs)
        except BundleError as error:
            return Reload(activated=False, version=self._policy.version, problems=error.problems)
        if bundle.version == self._policy.version:
            return Reload(activated=False, version=bundle.version)
        self._bundle, self._policy = bundle, bundle.policy()
        return Reload(activated=True, version=bundle.version)

    def _look(self) -> tuple[Stamp, ...]:
        return tuple(_stamp(path) for path in self._files)


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
