"""A session whose actions are texts of a language: the same way through the pipeline, with understanding in front."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from passgate.core.action import Action, ColumnRef, VerbClass
from passgate.core.event import Json
from passgate.core.session import Session
from passgate.pipeline.gate import GatedSession, Judged, Result, Steps, Verdict
from passgate.pipeline.protocols import Input, Language, Understood
from passgate.pipeline.receipt import Receipt

_CACHE_ENTRIES = 1024
"""Texts kept per session: an ORM has a few hundred distinct statements, pgbench has seven."""

_ENDS_TRANSACTION = frozenset({"commit", "rollback", "prepare_transaction"})

_STRUCTURAL = frozenset({VerbClass.DDL, VerbClass.CODE, VerbClass.ADMIN})


class StatementSession(GatedSession):
    """``understand`` comes before ``judge``; what has been carried out is told to the language."""

    def __init__(self, *, session: Session, language: Language, steps: Steps) -> None:
        self._understander = language.open(session)
        self._texts: OrderedDict[str, Understood] = OrderedDict()
        self._understood_under = ""
        self._restructures = False
        super().__init__(session=session, steps=steps)

    @property
    def meaning_version(self) -> str:
        return self._understander.version

    @property
    def meaning(self) -> tuple[str, str]:
        """Versions of what a text means and of what is made of it: policy, then catalog and search path."""
        return self._steps.policy.current.version, self._understander.version

    def understand(self, text: str, inputs: Sequence[Input] | None = None) -> Understood:
        version = self._understander.version
        if version != self._understood_under:
            self._texts.clear()
            self._understood_under = version
        known = self._texts.get(text)
        if known is not None and (inputs is None or not known.inputs_matter):
            return known
        understood = self._understander.understand(text, inputs)
        if understood.cacheable and inputs is None and understood.like is None:
            self._texts[text] = understood
            if len(self._texts) > _CACHE_ENTRIES:
                self._texts.popitem(last=False)
        return understood

    def judge(self, understood: Understood, *, digest: str = "", detail: Mapping[str, Json] | None = None) -> Verdict:
        self.session.count("statements", len(understood.actions))
        return super().judge(understood, digest=digest, detail=detail)

    def settle(self, judged: Judged, result: Result) -> "asyncio.Future[None]":
        if result.status == "ok":
            self._understander.succeeded(judged.action)
            if judged.action.verb in _ENDS_TRANSACTION:
                # The next one may have begun before the session is ever idle: AND CHAIN, or BEGIN in the same text.
                self._understander.transaction_ended(committed=result.code == "COMMIT")
            if _changes_structure(judged.action):
                self._restructures = True
                self._steps.restructured(self.session.resource.name)
        return super().settle(judged, result)

    def origin(self, container: int, part: int) -> ColumnRef | None:
        return self._understander.origin(container, part)

    def transaction_ended(self, *, committed: bool) -> None:
        """Others see a transaction's changes of structure only now, so the catalog is read again."""
        self._understander.transaction_ended(committed=committed)
        if self._restructures:
            self._restructures = False
            self._steps.restructured(self.session.resource.name)

    def name_taken(self, kind: str, name: str) -> None:
        self._understander.name_taken(kind, name)

    def close(self, reason: str) -> Receipt | None:
        self._understander.close()
        return super().close(reason)


def _changes_structure(action: Action) -> bool:
    return any(atom.verb_class in _STRUCTURAL for atom in action.atoms) or action.verb_class in _STRUCTURAL
