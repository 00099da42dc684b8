"""Passes in the database: found, added, revoked, and followed."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, insert, literal_column, or_, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import IntegrityError

from passgate.core.action import VerbClass
from passgate.core.budget import Budget
from passgate.core.errors import StoreError
from passgate.core.passes import Pass, PassChange, PassChangeKind
from passgate.core.principal_json import principal_from_json, principal_to_json
from passgate.pipeline.protocols import ScramVerifier
from passgate.pipeline.sealing import UNSEALED, Sealing
from passgate.store.delegations import below, check_link, link
from passgate.store.node_keys import sealed_name
from passgate.store.sqlite import SqliteDatabase
from passgate.store.tables import DELEGATIONS, NODE_KEYS, PASS_BUDGETS, PASS_CHANGES, PASSES

_PASS_COLUMNS = (
    PASSES.c.id,
    PASSES.c.principal,
    PASSES.c.resources,
    PASSES.c.verbs,
    PASSES.c.purpose,
    PASSES.c.ticket,
    PASSES.c.issued,
    PASSES.c.expires,
    PASSES.c.revoked,
    PASSES.c.task,
    PASS_BUDGETS.c.max_requests,
    PASS_BUDGETS.c.max_tokens,
    PASS_BUDGETS.c.max_microdollars,
    DELEGATIONS.c.ancestors,
)
_WHOLE = PASSES.outerjoin(PASS_BUDGETS, PASS_BUDGETS.c.pass_id == PASSES.c.id).outerjoin(
    DELEGATIONS, DELEGATIONS.c.pass_id == PASSES.c.id
)

# Built once: putting a query together costs more than running it.
_FIND = select(*_PASS_COLUMNS).select_from(_WHOLE).where(PASSES.c.id == bindparam("pass_id"))
_VERIFIER = select(
    PASSES.c.scram_salt, PASSES.c.scram_iterations, PASSES.c.scram_stored_key, PASSES.c.scram_server_key
).where(PASSES.c.id == bindparam("pass_id"))
_CURSOR = select(func.coalesce(func.max(PASS_CHANGES.c.seq), 0))
_REVOKED_AFTER = (
    select(PASS_CHANGES.c.seq, PASS_CHANGES.c.pass_id)
    .where(PASS_CHANGES.c.seq > bindparam("cursor"), PASS_CHANGES.c.kind == PassChangeKind.REVOKED.value)
    .order_by(PASS_CHANGES.c.seq)
)
_FREE = and_(
    PASS_CHANGES.c.recorded == literal_column("0"),  # a literal, or SQLite would not use the partial index
    or_(PASS_CHANGES.c.claimed_until.is_(None), PASS_CHANGES.c.claimed_until <= bindparam("now")),
)
_ANY_FREE = select(PASS_CHANGES.c.seq).where(_FREE).limit(1)
_FREE_CHANGES: Select[*tuple[object, ...]] = (
    select(PASS_CHANGES.c.seq, PASS_CHANGES.c.kind, PASS_CHANGES.c.actor, PASS_CHANGES.c.at, *_PASS_COLUMNS)
    .select_from(PASS_CHANGES.join(_WHOLE, PASSES.c.id == PASS_CHANGES.c.pass_id))
    .where(_FREE)
    .order_by(PASS_CHANGES.c.seq)
)

_KEY_BYTES = 32


class PassStore:
    """All times are aware. Every method raises StoreError when the database cannot be used."""

    def __init__(self, database: SqliteDatabase, *, sealing: Sealing = UNSEALED) -> None:
        self._database = database
        self._sealing = sealing

    def add(self, pass_: Pass, verifier: ScramVerifier, *, actor: str) -> None:
        """Raises StoreError also when the id is taken, PassRequestError where what it is delegated from has ended or is narrower.

        What is read of that one here is still true when this one is written.
        """
        with self._database.writing() as connection:
            if pass_.ancestors:
                check_link(pass_, self._in(connection, pass_.ancestors[0]))
            row = {
                "id": pass_.id,
                "principal": principal_to_json(pass_.principal),
                "resources": sorted(pass_.resources),
                "verbs": sorted(verb.value for verb in pass_.verbs),
                "purpose": pass_.purpose,
                "ticket": pass_.ticket,
                "issued": pass_.issued,
                "expires": pass_.expires,
                "revoked": pass_.revoked,
                "scram_salt": verifier.salt,
                "scram_iterations": verifier.iterations,
                "scram_stored_key": verifier.stored_key,
                "scram_server_key": verifier.server_key,
                "task": pass_.task,
            }
            try:
                connection.execute(insert(PASSES), row)
            except IntegrityError:
                raise StoreError(f"There is a pass {pass_.id} already") from None
            if pass_.budget is not None:
                connection.execute(insert(PASS_BUDGETS), _unspent(pass_.id, pass_.budget))
            if pass_.ancestors:
                connection.execute(insert(DELEGATIONS), link(pass_))
            connection.execute(insert(PASS_CHANGES), _change(PassChangeKind.ISSUED, pass_.id, actor, pass_.issued))

    def find(self, pass_id: str) -> Pass | None:
        with self._database.reading() as connection:
            return self._in(connection, pass_id)

    def verifier(self, pass_id: str) -> ScramVerifier | None:
        with self._database.reading() as connection:
            row = connection.execute(_VERIFIER, {"pass_id": pass_id}).one_or_none()
        if row is None:
            return None
        return ScramVerifier(
            salt=row.scram_salt,
            iterations=row.scram_iterations,
            stored_key=row.scram_stored_key,
            server_key=row.scram_server_key,
        )

    def all(self, *, live_at: datetime | None = None) -> tuple[Pass, ...]:
        """Newest first. ``live_at``: only those that are neither expired nor revoked then."""
        query = select(*_PASS_COLUMNS).select_from(_WHOLE).order_by(PASSES.c.issued.desc(), PASSES.c.id)
        if live_at is not None:
            query = query.where(PASSES.c.expires > live_at, PASSES.c.revoked.is_(None))
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(_pass(row) for row in rows)

    def revoke(self, pass_id: str, *, at: datetime, actor: str) -> Pass | None:
        """The pass as it is now, or None if there is none. One revoked before keeps its first time.

        What was delegated from it, at any depth, is revoked with it.
        """
        with self._database.writing() as connection:
            for each in (pass_id, *below(connection, pass_id, live_at=at)):
                changed = connection.execute(
                    update(PASSES).where(PASSES.c.id == each, PASSES.c.revoked.is_(None)).values(revoked=at)
                )
                if changed.rowcount:
                    connection.execute(insert(PASS_CHANGES), _change(PassChangeKind.REVOKED, each, actor, at))
            return self._in(connection, pass_id)

    def _in(self, connection: Connection, pass_id: str) -> Pass | None:
        row = connection.execute(_FIND, {"pass_id": pass_id}).one_or_none()
        return None if row is None else _pass(row)

    def cursor(self) -> int:
        """The place in the changes up to which a reader that starts now knows everything."""
        with self._database.reading() as connection:
            return int(connection.execute(_CURSOR).scalar_one())

    def revoked_after(self, cursor: int) -> tuple[int, tuple[str, ...]]:
        """The passes revoked since ``cursor``, and the cursor to go on from."""
        with self._database.reading() as connection:
            rows = connection.execute(_REVOKED_AFTER, {"cursor": cursor}).all()
        return (rows[-1].seq if rows else cursor), tuple(row.pass_id for row in rows)

    def claim_changes(self, *, by: str, now: datetime, until: datetime, most: int = 100) -> tuple[PassChange, ...]:
        """Changes that no ledger holds yet, for ``by`` to record. A claim not confirmed by ``until`` is free again: a change may
        be recorded twice after a crash, but never not at all."""
        with self._database.reading() as connection:
            if connection.execute(_ANY_FREE, {"now": now}).first() is None:
                return ()  # the usual answer, without the write lock
        with self._database.writing() as connection:
            rows = connection.execute(_FREE_CHANGES.limit(most), {"now": now}).all()
            claimed = [row.seq for row in rows]
            connection.execute(
                update(PASS_CHANGES).where(PASS_CHANGES.c.seq.in_(claimed)).values(claimed_by=by, claimed_until=until)
            )
        return tuple(
            PassChange(seq=row.seq, kind=PassChangeKind(row.kind), pass_=_pass(row), actor=row.actor, at=row.at)
            for row in rows
        )

    def confirm_changes(self, seqs: Iterable[int]) -> None:
        """These are durable in a ledger."""
        with self._database.writing() as connection:
            connection.execute(update(PASS_CHANGES).where(PASS_CHANGES.c.seq.in_(list(seqs))).values(recorded=1))

    def shared_key(self, name: str) -> bytes:
        """32 random bytes, made by whoever asks first, the same for every process of this state folder from then on.

        Raises MasterKeyError.
        """
        wanted = select(NODE_KEYS.c.key).where(NODE_KEYS.c.name == name)
        with self._database.reading() as connection:
            kept: bytes | None = connection.execute(wanted).scalar()
        if kept is None:
            fresh = {"name": name, "key": self._sealing.seal(secrets.token_bytes(_KEY_BYTES), sealed_name(name))}
            with self._database.writing() as connection:
                connection.execute(sqlite_insert(NODE_KEYS).on_conflict_do_nothing(), fresh)
                kept = bytes(connection.execute(wanted).scalar_one())
        return self._sealing.open(kept, sealed_name(name))


def _change(kind: PassChangeKind, pass_id: str, actor: str, at: datetime) -> dict[str, object]:
    return {"kind": kind.value, "pass_id": pass_id, "actor": actor, "at": at, "recorded": 0}


def _unspent(pass_id: str, budget: Budget) -> dict[str, object]:
    ceilings = {
        "max_requests": budget.requests,
        "max_tokens": budget.tokens,
        "max_microdollars": budget.microdollars,
    }
    return {"pass_id": pass_id, **ceilings, "requests": 0, "tokens": 0, "microdollars": 0}


def _pass(row: Row[*tuple[object, ...]]) -> Pass:
    try:
        return Pass(
            id=row.id,
            principal=principal_from_json(row.principal),
            resources=_names(row.resources),
            verbs=frozenset(VerbClass(verb) for verb in _names(row.verbs)),
            purpose=row.purpose,
            ticket=row.ticket,
            issued=row.issued,
            expires=row.expires,
            revoked=row.revoked,
            budget=_budget(row),
            ancestors=() if row.ancestors is None else tuple(str(one) for one in row.ancestors),
            task=row.task or row.id,
        )
    except (TypeError, ValueError) as error:
        raise StoreError(f"The stored pass {row.id} cannot be read: {type(error).__name__}") from error


def _budget(row: Row[*tuple[object, ...]]) -> Budget | None:
    ceilings = (row.max_requests, row.max_tokens, row.max_microdollars)
    if ceilings == (None, None, None):
        return None
    return Budget(requests=row.max_requests, tokens=row.max_tokens, microdollars=row.max_microdollars)


def _names(value: Sequence[object]) -> frozenset[str]:
    return frozenset(str(name) for name in value)
