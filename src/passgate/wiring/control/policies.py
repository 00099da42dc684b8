"""Policies, as the control API asks for them."""

import asyncio
import fcntl
import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from passgate.config.settings import Settings
from passgate.core.errors import PolicyError, TargetUnavailableError
from passgate.core.finding import Span
from passgate.core.masker import Text
from passgate.core.resource import Resource
from passgate.core.session import Session
from passgate.pipeline.control import (
    CaseVerdict,
    DryRun,
    PolicyCase,
    PolicyInForce,
    PolicyProblem,
    StalePolicyError,
)
from passgate.pipeline.protocols import Language, Policy
from passgate.policy.bundle import Bundle, load_bundle
from passgate.policy.cases import PromptLanguage, judging_session
from passgate.policy.cases.case import Case, Expected
from passgate.policy.cases.runner import KINDS, run_case
from passgate.policy.problems import BundleError
from passgate.wiring.control.gate import RunningGate

_NAME = "bundle.yaml"
_VERSION_CHARACTERS = 12


class Policies:
    """Implements ``pipeline.control.PolicyDesk``."""

    def __init__(self, settings: Settings, *, upload: bool, gate: RunningGate) -> None:
        self._settings = settings
        self._upload = upload
        self._gate = gate

    def current(self) -> PolicyInForce:
        bundle = self._gate.bundle
        return PolicyInForce(
            version=bundle.version,
            packs=self._settings.policy.packs,
            rules=tuple(rule.definition.id for rule in bundle.rules),
            upload=self._upload,
        )

    async def dry_run(self, bundle: str, cases: Sequence[PolicyCase]) -> DryRun:
        loaded = await asyncio.to_thread(self._load, bundle)
        if isinstance(loaded, DryRun):
            return loaded
        policy = loaded.policy()
        verdicts = tuple(self._judge(policy, number, case) for number, case in enumerate(cases, 1))
        return DryRun(version=loaded.version, problems=(), verdicts=verdicts)

    async def activate(self, bundle: str, *, replaces: str, actor: str) -> DryRun:
        loaded = await asyncio.to_thread(self._load, bundle)
        if isinstance(loaded, DryRun):
            return loaded
        try:
            await asyncio.to_thread(self._replace, bundle, replaces)
        except OSError as error:
            raise PolicyError(f"The bundle cannot be written: {error.strerror}") from None
        # Every other worker follows the file within a second.
        await self._gate.reload_policy(actor=actor)
        return DryRun(version=loaded.version, problems=(), verdicts=())

    def _load(self, text: str) -> Bundle | DryRun:
        """The bundle with the packs that are configured, or what is wrong with it."""
        with tempfile.TemporaryDirectory(prefix="passgate-") as folder:
            path = Path(folder, _NAME)
            try:
                path.write_text(text, "utf-8")
            except UnicodeEncodeError:
                problem = PolicyProblem(place=_NAME, what="is not text that UTF-8 can hold", remedy="")
                return DryRun(version=None, problems=(problem,), verdicts=())
            try:
                return load_bundle((path,), self._settings.policy.packs)
            except BundleError as error:
                problems = tuple(
                    PolicyProblem(place=str(one.place).replace(f"{folder}/", ""), what=one.message, remedy=one.remedy)
                    for one in error.problems
                )
                return DryRun(version=None, problems=problems, verdicts=())

    # -- taking a bundle -------------------------------------------------------------------------------------------

    def _replace(self, text: str, replaces: str) -> None:
        """The one file of ``policy.bundles``, as a whole or not at all. Raises StalePolicyError, OSError."""
        path = self._settings.policy.bundles[0].resolve()
        with _alone(self._settings.state / "policy.lock"):
            try:
                known = load_bundle((path,), self._settings.policy.packs).version
            except BundleError:  # edited by hand, and not usable: that is somebody's to finish
                raise StalePolicyError from None
            if known != replaces:
                raise StalePolicyError
            old = path.read_bytes()
            _write(path.with_name(f"{path.name}.{known[:_VERSION_CHARACTERS]}"), old, like=path)
            _write(path, text.encode(), like=path)

    # -- judging cases ---------------------------------------------------------------------------------------------

    def _judge(self, policy: Policy, number: int, case: PolicyCase) -> CaseVerdict:
        """As ``passgate policy test`` does, on the catalog that the gate knows. Raises PolicyError."""
        configured = self._settings.resources.get(case.resource)
        if configured is None:
            known = ", ".join(sorted(self._settings.resources))
            raise PolicyError(f"Case {number}: there is no resource {case.resource!r}; known: {known}")
        resource = Resource(name=case.resource, kind=configured.kind, labels=dict(configured.labels))
        session = judging_session("dry-run", resource, case.principal, resource.name)
        given = Case(id=str(number), kind=configured.kind, text=case.text, expected=Expected.ALLOW, params=case.params)
        language = self._language(number, resource, session)
        found = run_case(given, KINDS[configured.kind], language, policy, session)
        return CaseVerdict(verdict=found.verdict.value, rule=found.rule, reason=found.reason)

    def _language(self, number: int, resource: Resource, session: Session) -> Language:
        if resource.name in self._settings.postgres_resources:
            try:
                return self._gate.databases.language(resource.name)
            except TargetUnavailableError:
                raise PolicyError(
                    f"Case {number}: the catalog of {resource.name} is not known yet, so nothing can be understood"
                ) from None
        masker = self._gate.steps.maskers.open(session)

        def find(text: bytes) -> Sequence[Span]:
            return masker.find([Text(value=text)])[0]

        return PromptLanguage(find)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Among all processes of this state folder. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, data: bytes, *, like: Path) -> None:
    """All of it on disk under another name first; then the name is changed. Raises OSError."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fchmod(stream.fileno(), like.stat().st_mode & 0o777)
            os.fsync(stream.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
