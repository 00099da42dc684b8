"""The preview of a held write: run on a connection of the gate's own, counted as the row guard counts, rolled back.

The connection logs in as the session's does, and is brought to the settings that its client has made; where that cannot be done, or
where ROLLBACK might not undo everything, there is no preview and it is said why. Rows are shown as the session itself would see
them: the statement is given ``RETURNING *`` if it has none, each column is put to policy, and every text is scanned besides.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from passgate.codecs.postgres.row_description import RowDescription, data_rows
from passgate.codecs.postgres.rows import RowRewriter
from passgate.codecs.postgres.session.items import AskBind, AskExecute, AskQuery
from passgate.codecs.postgres.shape import result_shape
from passgate.core.action import Action, Position
from passgate.core.errors import (
    DetectorError,
    RemoteProtocolError,
    SecretUnavailableError,
    TargetUnavailableError,
)
from passgate.endpoints.postgres import harmless, trial
from passgate.endpoints.postgres.inputs import inputs
from passgate.endpoints.postgres.own_settings import OwnSettings
from passgate.endpoints.postgres.settings import Upstream
from passgate.endpoints.postgres.touched import COUNT, count
from passgate.endpoints.postgres.upstream import Connection, ask, cancel, connect
from passgate.pipeline.approval_desk import Preview
from passgate.pipeline.gate import Judged, Verdict
from passgate.pipeline.statements import StatementSession

SAMPLES = 3

_STATEMENT_SECONDS = 5
_LOCK_SECONDS = 1
_SECONDS = 15.0
"""All of it, the way there included."""

_CELL_CHARACTERS = 120
_COLUMNS = 20

_OPENING = (
    "BEGIN READ WRITE",
    f"SET LOCAL statement_timeout = '{_STATEMENT_SECONDS}s'",
    f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'",
    f"SET LOCAL idle_in_transaction_session_timeout = '{_STATEMENT_SECONDS}s'",
)
_FAILURES = {
    "55P03": f"rows that it needs are locked by others for longer than {_LOCK_SECONDS} s",
    "57014": f"it takes longer than {_STATEMENT_SECONDS} s",
    "42501": "the server does not permit it",
}
_MAY_NOT_READ = "42501"


class _NoneError(Exception):
    """There is no preview; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """A statement as it is tried: the judged one, perhaps with a RETURNING of the gate's own, which nobody has judged."""

    statement: trial.Statement
    judged: Judged


class Previews:
    """Of one session. ``login`` and ``parameters``: how its own connection was made; ``turn``: how many run at the same time."""

    def __init__(
        self,
        *,
        login: Upstream,
        parameters: Sequence[tuple[str, str]],
        gated: StatementSession,
        turn: asyncio.Semaphore,
    ) -> None:
        self.settings: Final = OwnSettings()
        self._login = login
        self._parameters = tuple(parameters)
        self._gated = gated
        self._turn = turn

    async def of(self, asked: AskQuery | AskBind | AskExecute, verdict: Verdict) -> Preview:
        """Never raises for what cannot be previewed. The verdict must be durable: something of it runs."""
        why = self.settings.unknown or harmless.objection(verdict)
        if why:
            return Preview(why=why)
        try:
            async with asyncio.timeout(_SECONDS), self._turn:
                return await self._connected(asked, verdict.judged[0])
        except _NoneError as error:
            return Preview(why=str(error))
        except TimeoutError:
            return Preview(why=f"it takes longer than {_SECONDS:g} s")
        except (TargetUnavailableError, SecretUnavailableError) as error:
            return Preview(why=str(error))

    async def _connected(self, asked: AskQuery | AskBind | AskExecute, judged: Judged) -> Preview:
        """Raises _NoneError, TargetUnavailableError, SecretUnavailableError."""
        connection = await connect(
            self._login,
            application_name=f"passgate:preview:{self._gated.session.id}",
            parameters=self._parameters,
            seconds=_SECONDS,
        )
        try:
            draws = await self._looked_at(connection, judged.action)
            preview = await self._tried(connection, asked, judged)
        except _NoneError:
            raise
        except BaseException:  # whatever it still does, it must not go on
            await asyncio.shield(cancel(self._login, connection.process_id, connection.key))
            raise
        finally:
            connection.stream.abort()
        notes = (harmless.SEQUENCES,) if draws else ()
        return replace(preview, notes=(*preview.notes, *notes))

    async def _looked_at(self, connection: Connection, action: Action) -> bool:
        """Whether it draws numbers; the connection is then as the session's. Raises _NoneError, TargetUnavailableError."""
        named = harmless.relations(action)
        await ask(connection, "SET search_path TO pg_catalog")
        why, numbered = harmless.answered(await ask(connection, harmless.question(named)), named)
        if why:
            raise _NoneError(why)
        for text in ("RESET search_path", *self.settings.statements):
            await ask(connection, text)
        return harmless.draws_numbers(action, by_default=numbered)

    async def _tried(self, connection: Connection, asked: AskQuery | AskBind | AskExecute, judged: Judged) -> Preview:
        """Raises _NoneError, TargetUnavailableError."""
        plain = _Tried(statement=_statement(asked, judged.action.text), judged=judged)
        shown = self._returning(asked, plain)
        ran, rows = await self._rolled_back(connection, shown or plain)
        if shown is not None and ran.failure == _MAY_NOT_READ:  # it may write what it may not read
            shown = None
            ran, rows = await self._rolled_back(connection, plain)
        if ran.failure:
            raise _NoneError(_FAILURES.get(ran.failure, f"the server refuses it (SQLSTATE {ran.failure})"))
        if rows is None:
            raise _NoneError("the server's track_counts is off")
        columns, samples = self._masked(ran, (shown or plain).judged)
        notes = () if samples or not rows else ("no rows of it can be shown",)
        return Preview(rows=rows, columns=columns, samples=samples, notes=notes)

    async def _rolled_back(self, connection: Connection, tried: _Tried) -> tuple[trial.Ran, int | None]:
        """What came of it, and how many rows it touched, None where the server does not count."""
        await ask(connection, "; ".join(_OPENING))
        before = count(await ask(connection, COUNT))
        ran = await trial.run(connection, tried.statement, rows=SAMPLES)
        if not ran.failure:
            deferred = await trial.run(connection, trial.Statement(text="SET CONSTRAINTS ALL IMMEDIATE"), rows=0)
            ran = replace(ran, failure=deferred.failure)
        after = None if ran.failure else count(await ask(connection, COUNT))
        await ask(connection, "ROLLBACK")
        if before is None or after is None:
            return ran, None
        return ran, max(ran.touched, after - before)

    def _returning(self, asked: AskQuery | AskBind | AskExecute, plain: _Tried) -> _Tried | None:
        """The same with RETURNING, if it has none and this is all that it adds; None where it is as it is."""
        action = plain.judged.action
        if action.outputs != ():
            return None
        text = f"{action.text.rstrip().rstrip(';')}\nRETURNING *"
        understood = self._gated.understand(text)
        if understood.inputs_matter and not isinstance(asked, AskQuery):
            understood = self._gated.understand(text, inputs(asked.portal))
        if len(understood.actions) != 1 or not _only_shows_more(action, understood.actions[0]):
            return None
        # Without atoms, every column that the server names is put to policy as a read of it.
        looked_at = replace(understood.actions[0], atoms=())
        judged = Judged(action=looked_at, decision=plain.judged.decision)
        return _Tried(statement=replace(plain.statement, text=text), judged=judged)

    def _masked(self, ran: trial.Ran, judged: Judged) -> tuple[tuple[str, ...], tuple[tuple[str | None, ...], ...]]:
        """Names and cells; nothing where anything about them fails."""
        if ran.description is None or not ran.rows:
            return (), ()
        try:
            return _names(ran.description), tuple(self._cells(ran.description, ran.rows, judged))
        except (DetectorError, RemoteProtocolError, UnicodeDecodeError):
            return (), ()

    def _cells(self, description: RowDescription, rows: bytes, judged: Judged) -> list[tuple[str | None, ...]]:
        masker = self._gated.masker
        plan = self._gated.plan(judged, result_shape(description, self._gated.origin))
        rewritten = RowRewriter(plan=plan, description=description, masker=masker).rewrite(rows)
        found: list[tuple[str | None, ...]] = []
        for row in data_rows(rewritten.data)[:SAMPLES]:
            cells: list[str | None] = []
            for value, part in zip(row.values[:_COLUMNS], plan.parts[:_COLUMNS], strict=True):
                seen = value if value is None or part.mask is not None else masker.scan_text(value)
                cells.append(None if seen is None else _short(seen.decode()))
            found.append(tuple(cells))
        return found


def _statement(asked: AskQuery | AskBind | AskExecute, text: str) -> trial.Statement:
    if isinstance(asked, AskQuery):
        return trial.Statement(text=text)
    portal = asked.portal
    return trial.Statement(
        text=portal.statement.text,
        parameter_types=portal.statement.parameter_types,
        parameter_formats=portal.bind.parameter_formats,
        parameters=portal.bind.parameters,
    )


def _only_shows_more(action: Action, with_returning: Action) -> bool:
    """Whether they do the very same, and the second one shows the rows."""
    known = set(action.atoms)
    return (
        with_returning.complete
        and with_returning.verb == action.verb
        and known <= set(with_returning.atoms)
        and all(atom.position is Position.RETURNING for atom in set(with_returning.atoms) - known)
    )


def _names(description: RowDescription) -> tuple[str, ...]:
    return tuple(field.name for field in description.fields[:_COLUMNS])


def _short(text: str) -> str:
    return text if len(text) <= _CELL_CHARACTERS else f"{text[:_CELL_CHARACTERS]}…"
