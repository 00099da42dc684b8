"""``/policies``: what is in force, what another bundle would mean, and taking it."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from passgate.core.errors import PolicyError
from passgate.endpoints.control.passes import PrincipalSent
from passgate.endpoints.control.problem import Code, Fault, ProblemError
from passgate.endpoints.control.route import AnyRoute, Call, Effect, Route
from passgate.endpoints.control.schema import Answer, Body, NoBody, NoQuery, Word
from passgate.pipeline.control import DryRun, PolicyCase, PolicyDesk, Role, StalePolicyError

_Bundle = Annotated[str, Field(min_length=1, max_length=256 * 1024)]
_READERS = frozenset({Role.AUDITOR, Role.OPERATOR})


class PolicyShown(Answer):
    """``rules``: their ids, in order. ``upload``: whether a bundle may be activated through this API."""

    version: str
    packs: list[str]
    rules: list[str]
    upload: bool


class CaseSent(Body):
    """One text, judged on ``resource`` as if ``principal`` had sent it. ``params``: bound values, null for NULL."""

    resource: Word
    text: Annotated[str, Field(min_length=1, max_length=64 * 1024)]
    principal: PrincipalSent
    on_behalf_of: PrincipalSent | None = None
    params: Annotated[list[str | None], Field(max_length=100, default_factory=list)]

    def case(self) -> PolicyCase:
        behind = None if self.on_behalf_of is None else self.on_behalf_of.principal()
        return PolicyCase(
            resource=self.resource,
            text=self.text,
            principal=self.principal.principal(behind),
            params=tuple(self.params),
        )


class DryRunAsked(Body):
    """``bundle``: YAML, as a file of ``policy.bundles``; it is tried in their place, with the configured packs."""

    bundle: _Bundle
    cases: Annotated[list[CaseSent], Field(max_length=50, default_factory=list)]


class Activation(Body):
    """``replaces``: the version that is in force, so that nobody else's change is undone unknowingly."""

    bundle: _Bundle
    replaces: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ProblemShown(Answer):
    place: str
    what: str
    remedy: str


class VerdictShown(Answer):
    verdict: Literal["allow", "mask", "approve", "deny"]
    rule: str
    reason: str


class DryRunShown(Answer):
    """With ``problems`` the bundle has no ``version`` and judged nothing. ``verdicts`` in the order of the cases."""

    version: str | None
    problems: list[ProblemShown]
    verdicts: list[VerdictShown]


class Policies:
    def __init__(self, desk: PolicyDesk) -> None:
        self._desk = desk

    def routes(self) -> Iterator[AnyRoute]:
        yield Route(
            method="GET", path="/policies/current", name="getPolicy", about="The policy that is in force.",
            roles=_READERS, query=NoQuery, body=NoBody, answer=PolicyShown, handler=self._current,
        )  # fmt: skip
        yield Route(
            method="POST", path="/policies/dry-run", name="dryRunPolicy",
            about="What a bundle has wrong, and what it would say to the given cases; nothing changes.",
            roles=_READERS, query=NoQuery, body=DryRunAsked, answer=DryRunShown, handler=self._dry_run,
        )  # fmt: skip
        yield Route(
            method="POST", path="/policies/activate", name="activatePolicy",
            about="Put a bundle in force, where control.policy_upload allows it; the one before is kept beside.",
            roles=frozenset({Role.OPERATOR}), query=NoQuery, body=Activation, answer=PolicyShown,
            handler=self._activate, effect=Effect.CHANGES,
        )  # fmt: skip

    async def _current(self, _call: Call[NoQuery, NoBody]) -> PolicyShown:
        return self._shown()

    async def _dry_run(self, call: Call[NoQuery, DryRunAsked]) -> DryRunShown:
        try:
            found = await self._desk.dry_run(call.body.bundle, [case.case() for case in call.body.cases])
        except PolicyError as error:
            raise ProblemError(Code.NOT_ACCEPTED, f"{error}.") from None
        return DryRunShown(
            version=found.version,
            problems=[ProblemShown(place=one.place, what=one.what, remedy=one.remedy) for one in found.problems],
            verdicts=[
                VerdictShown.model_validate({"verdict": one.verdict, "rule": one.rule, "reason": one.reason})
                for one in found.verdicts
            ],
        )

    async def _activate(self, call: Call[NoQuery, Activation]) -> PolicyShown:
        if not self._desk.current().upload:
            raise ProblemError(Code.FORBIDDEN, "Policies come from the gate's own files: control.policy_upload is off.")
        try:
            found = await self._desk.activate(call.body.bundle, replaces=call.body.replaces, actor=call.caller.name)
        except StalePolicyError:
            raise ProblemError(
                Code.CONFLICT,
                f"Version {self._desk.current().version} is in force: look at it, and name it in replaces.",
            ) from None
        except PolicyError as error:
            raise ProblemError(Code.NOT_ACCEPTED, f"{error}.") from None
        if found.problems:
            raise ProblemError(
                Code.NOT_ACCEPTED, "The bundle is not usable; nothing has changed.", faults=_faults(found)
            )
        return self._shown()

    def _shown(self) -> PolicyShown:
        current = self._desk.current()
        return PolicyShown(
            version=current.version, packs=list(current.packs), rules=list(current.rules), upload=current.upload
        )


def _faults(found: DryRun) -> list[Fault]:
    return [
        Fault(where=f"body.bundle {one.place}", what=f"{one.what}{f' ({one.remedy})' if one.remedy else ''}")
        for one in found.problems[:20]
    ]
