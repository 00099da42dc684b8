"""What an approval is bound to: one canonical record, shown to the approver and recorded by its hash.

Change one byte of the statement, one parameter, the catalog that gave it its meaning or the rule that held it, and it is another
record, which nobody has approved.
"""

from dataclasses import asdict, dataclass
from hashlib import sha256

import orjson

from passgate.core.action import Action
from passgate.core.principal import Principal, folded
from passgate.pipeline.protocols import Held


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """``chain``: the principal, whom it acts for, and so on to the last. ``text_sha256`` is over the exact bytes, ``inputs`` the
    hash of the bound parameters. ``meaning``: version of the catalog. ``atoms``: every object and column with its verb, in order.
    ``cap``: rows that it may change at most. Without one it is the question; with the one of the preview, what is agreed to.
    """

    pass_id: str
    chain: tuple[str, ...]
    purpose: str
    resource: str
    database: str
    role: str
    search_path: tuple[str, ...]
    kind: str
    verb: str
    text_sha256: str
    inputs: str
    atoms: tuple[str, ...]
    meaning: str
    policy: str
    rule: str
    group: str
    count: int
    cap: int | None = None

    @classmethod
    def of(cls, held: Held) -> "Binding":
        session, action, decision = held.session, held.action, held.decision
        approvers = held.approvers
        return cls(
            pass_id=session.pass_.id,
            chain=chain(session.principal),
            purpose=session.pass_.purpose,
            resource=session.resource.name,
            database=session.database,
            role=session.user,
            search_path=session.search_path,
            kind=action.kind,
            verb=action.verb,
            text_sha256=sha256(action.text.encode()).hexdigest(),
            inputs=held.digest,
            atoms=_atoms(action),
            meaning=held.meaning,
            policy=decision.policy_version,
            rule=decision.rule,
            group=approvers.group,
            count=approvers.count,
        )

    def canonical(self) -> bytes:
        """Sorted keys, no blanks (the form of RFC 8785 for the types used here)."""
        return orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS)

    @property
    def digest(self) -> str:
        """SHA-256 in hexadecimal."""
        return sha256(self.canonical()).hexdigest()


def chain(principal: Principal) -> tuple[str, ...]:
    """From the one who asks to the last one it acts for."""
    return tuple(str(link) for link in principal.links())


def person(subject: str) -> str:
    """Whom a subject names: providers and people write one address in capitals or not, and it is one person still."""
    return folded(subject)


def subjects(principal: Principal) -> frozenset[str]:
    """The bare subjects of the chain, as ``person`` tells people apart: whoever stands here has an interest and no vote."""
    return frozenset(person(link.subject) for link in principal.links())


def _atoms(action: Action) -> tuple[str, ...]:
    return tuple(
        f"{atom.verb} {atom.object.kind}:{atom.object}" + (f".{atom.column} {atom.position}" if atom.column else "")
        for atom in action.atoms
    )
