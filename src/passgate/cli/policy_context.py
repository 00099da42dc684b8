"""What ``passgate policy explain`` and ``test`` judge in: a policy, a language that knows the database, and who asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from passgate.cli.options import settings_from
from passgate.cli.output import reason_of
from passgate.core.errors import ConfigError
from passgate.core.finding import Span
from passgate.core.masker import Text
from passgate.core.principal import Principal, PrincipalKind
from passgate.core.resource import Resource
from passgate.core.session import Session
from passgate.languages.sql.catalog import Catalog
from passgate.languages.sql.language import SqlLanguage
from passgate.languages.sql.parser import Parser
from passgate.languages.sql.reference import catalog_of, reference_catalog
from passgate.masking import SessionMasker, SessionMaskerFactory, open_detector
from passgate.pipeline.protocols import Input, Language, Understood
from passgate.policy.bundle import load_bundle
from passgate.policy.cases import Circumstances, Ground, PromptLanguage, judging_session
from passgate.policy.evaluator import RulePolicy
from passgate.policy.vocabulary import COUNTERS

REFERENCE_PACK = "p-ref"
DEFAULT_PACKS = ("postgres-safe", "llm-safe")
LLM = "llm"
_REFERENCE_LABELS = {"env": "prod"}
_NAME = "explain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """``resource`` is of the kind that a text is explained in: SQL, or prompts to a model."""

    policy: RulePolicy
    language: SqlLanguage
    principal: Principal
    resource: Resource
    database: str
    prompts: PromptLanguage
    given: Circumstances

    @property
    def grounds(self) -> Mapping[str, Ground]:
        """Where cases of each family are judged: the same labels, whatever the kind of the resource."""
        languages: Mapping[str, Language] = {"postgres": self.language, LLM: self.prompts}
        return {
            family: Ground(
                language=language,
                session=partial(
                    judging_session,
                    _NAME,
                    replace(self.resource, kind=family),
                    self.principal,
                    self.database,
                    self.given,
                ),
            )
            for family, language in languages.items()
        }

    @property
    def session(self) -> Session:
        """A session as a client would have it right after log-in."""
        return judging_session(_NAME, self.resource, self.principal, self.database, self.given)

    def understand(self, text: str, values: Sequence[str] | None) -> Understood:
        language: Language = self.prompts if self.resource.kind == LLM else self.language
        understander = language.open(self.session)
        try:
            return understander.understand(text, None if values is None else [Input(value=value) for value in values])
        finally:
            understander.close()


def build_context(
    *,
    policies: Sequence[Path],
    packs: Sequence[str],
    reference: bool,
    schema: Path | None,
    resource: str | None,
    config: Path,
    who: str,
    on_behalf_of: str | None,
    groups: Sequence[str],
    labels: Sequence[str],
    tags: Sequence[str] = (),
    counted: Sequence[str] = (),
    purpose: str = "",
    ticket: str | None = None,
    prompt: bool = False,
) -> Context:
    """``prompt``: texts are prompts to a model. Raises ConfigError, BundleError."""
    if reference and resource is not None:
        raise ConfigError("--reference and --resource exclude one another")
    kind = LLM if prompt else "postgres"
    found = Resource(name="shop", kind=kind, labels=_REFERENCE_LABELS if reference else {})
    if resource is not None:
        found, policies, packs = _configured(resource, config, policies, packs)
    if not policies and not packs:
        packs = (REFERENCE_PACK,) if reference else DEFAULT_PACKS
    given = dict(_label(label) for label in labels)
    return Context(
        policy=load_bundle(tuple(policies), tuple(packs)).policy(),
        language=SqlLanguage(catalog=_catalog(reference=reference, schema=schema), parser=Parser()),
        principal=_principal(who, on_behalf_of, groups),
        resource=Resource(name=found.name, kind=found.kind, labels={**found.labels, **given}),
        database=found.name,
        prompts=PromptLanguage(_find),
        given=Circumstances(
            tags=frozenset(tags), counters=dict(map(_counter, counted)), purpose=purpose, ticket=ticket
        ),
    )


@cache
def _masker() -> SessionMasker:
    """Finds what a gate finds, and masks nothing.

    Without the compiled database, which takes longer to make than to do without for a few texts. Raises DetectorError.
    """
    resource = Resource(name=_NAME, kind=LLM)
    session = judging_session(_NAME, resource, Principal(kind=PrincipalKind.HUMAN, subject=_NAME), "")
    return SessionMaskerFactory(detector=open_detector(engine="literals"), master_key=bytes(32)).open(session)


def _find(text: bytes) -> tuple[Span, ...]:
    """Raises DetectorError."""
    return _masker().find([Text(value=text)])[0]


def _configured(
    name: str, config: Path, policies: Sequence[Path], packs: Sequence[str]
) -> tuple[Resource, Sequence[Path], Sequence[str]]:
    """The resource as it is configured, under the policy in force there unless another is given."""
    settings = settings_from(config, None)
    known = settings.resources.get(name)
    if known is None:
        raise ConfigError(f"There is no resource {name!r}; there are {', '.join(sorted(settings.resources))}")
    if not policies and not packs:
        policies, packs = settings.policy.bundles, settings.policy.packs
    return Resource(name=name, kind=known.kind, labels=dict(known.labels)), policies, packs


def _catalog(*, reference: bool, schema: Path | None) -> Catalog:
    if schema is None:
        return reference_catalog() if reference else catalog_of("")
    try:
        return catalog_of(schema.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{schema} cannot be read: {reason_of(error)}") from error


def _principal(who: str, on_behalf_of: str | None, groups: Sequence[str]) -> Principal:
    kind, _, subject = who.partition(":")
    if kind not in list(PrincipalKind) or not subject:
        raise ConfigError(f"--as {who!r}: write agent:name, human:name or service:name")
    delegator = None
    if on_behalf_of is not None or kind == PrincipalKind.AGENT:
        delegator = Principal(kind=PrincipalKind.HUMAN, subject=on_behalf_of or "someone@example.com")
    return Principal(kind=PrincipalKind(kind), subject=subject, groups=frozenset(groups), on_behalf_of=delegator)


def _counter(text: str) -> tuple[str, int]:
    key, _, number = text.partition("=")
    if key not in COUNTERS or not (number.isascii() and number.isdecimal() and len(number) < 19):
        raise ConfigError(f"--counted {text!r}: write {'=5, '.join(sorted(COUNTERS))}=5")
    return key, int(number)


def _label(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ConfigError(f"--label {text!r}: write key=value")
    return key, value
