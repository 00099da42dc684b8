"""From the server to the client: plan each result once, rewrite its rows, settle each statement, mask what the server says."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

from passgate.codecs.postgres.asynchronous import ParameterStatus
from passgate.codecs.postgres.copy import CopyOutResponse
from passgate.codecs.postgres.copy_formats import CopyFormat, CopyOptions
from passgate.codecs.postgres.copy_rows import CopyRewriter, copy_columns
from passgate.codecs.postgres.error_response import ErrorResponse, Report
from passgate.codecs.postgres.framing import Frame
from passgate.codecs.postgres.refusal import fatal, masked, notice, refusal, withheld
from passgate.codecs.postgres.row_description import RowDescription
from passgate.codecs.postgres.rows import RowRewriter
from passgate.codecs.postgres.session.expected import Execution
from passgate.codecs.postgres.session.items import (
    Completed,
    CopyEnded,
    CopyInStarted,
    CopyOutStarted,
    CopyRows,
    Described,
    Dropped,
    Failed,
    Noticed,
    Notified,
    Rows,
    Suspended,
)
from passgate.codecs.postgres.session.names import Portal
from passgate.codecs.postgres.shape import result_shape
from passgate.codecs.postgres.simple_query import CommandComplete
from passgate.codecs.postgres.sqlstate import INTERNAL_ERROR, PROGRAM_LIMIT_EXCEEDED
from passgate.codecs.postgres.types import TEXT
from passgate.codecs.postgres.wire import HEADER_LENGTH
from passgate.core.action import Action
from passgate.core.decision import Decision, Mask
from passgate.core.errors import DetectorError, LocalProtocolError
from passgate.core.shape import Part, Plan, Shape, ValueKind
from passgate.endpoints.postgres.line import Delivery, Line, Running
from passgate.pipeline.gate import Judged, Result

ReportT = TypeVar("ReportT", bound=Report)

_PLANS = 512
"""Results whose plans are kept per session."""


def sensitive(decisions: Iterable[Decision]) -> bool:
    """Whether the server's own words about such a statement could hold a value that is masked."""
    return any(isinstance(obligation, Mask) for decision in decisions for obligation in decision.obligations)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """What is known of a result that comes again: good as long as it is the same decision on what was understood once."""

    action: Action
    decision: Decision
    description: RowDescription
    plan: Plan
    untouched: bool
    names: tuple[str, ...]
    recorded: bytes


class Results:
    def __init__(self, line: Line) -> None:
        self._line = line
        self._plans: OrderedDict[tuple[str, bytes, tuple[int, ...] | None], _Planned] = OrderedDict()
        self.suspended: dict[Portal, Running] = {}
        self.committed = False  # whether the last transaction that ended did so for good

    # -- the shape ------------------------------------------------------------------------------------------------

    def described(self, item: Described[Running]) -> None:
        running = item.execution.work
        self._announce(running)
        self._deliver(running, item.data, None)
        if running.cut is None:
            self._line.outlet.put(item.data)

    def _deliver(self, running: Running, message: bytes, formats: tuple[int, ...] | None) -> None:
        judged = running.judged
        if judged is None:
            return self._stray("a result of a statement that was not judged")
        key = (judged.action.fingerprint, message, formats)
        known = self._plans.get(key)
        if known is None or known.decision is not judged.decision or not _alike(known.action, judged.action):
            known = self._planned(judged, message, formats)
            self._plans[key] = known
            if len(self._plans) > _PLANS:
                self._plans.popitem(last=False)
        rewriter = None
        if not known.untouched:
            rewriter = RowRewriter(plan=known.plan, description=known.description, masker=self._line.gated.masker)
        self._keep()
        running.delivery = Delivery(plan=known.plan, rewriter=rewriter, names=known.names)
        self._line.stream_rows(rewriter is None)
        self._line.transcript.shape(known.recorded)
        return None

    def _planned(self, judged: Judged, message: bytes, formats: tuple[int, ...] | None) -> _Planned:
        description = RowDescription.parse(message[HEADER_LENGTH:])
        if formats is not None:
            description = description.bound(formats)
        plan = self._line.gated.plan(judged, result_shape(description, self._line.gated.origin))
        fields = description.fields
        names = tuple(field.name for field in fields)
        types, codes = [field.type for field in fields], [field.format for field in fields]
        return _Planned(
            action=judged.action,
            decision=judged.decision,
            description=description,
            plan=plan,
            untouched=plan.untouched,
            names=names,
            recorded=self._line.transcript.shape_payload(names, types, codes, plan),
        )

    def _keep(self) -> None:
        """What the plan makes a fact of the task must be one for everybody before what follows leaves."""
        kept = self._line.gated.kept
        if kept is not None:
            self._line.outlet.barrier(kept)

    def _stray(self, what: str) -> None:
        self._line.stop(fatal(INTERNAL_ERROR, f"the gate ended the session: {what}"), what)

    def _announce(self, running: Running) -> None:
        """The first answer of a request: what allowed it must be durable before it leaves."""
        if not running.announced:
            running.announced = True
            self._line.outlet.barrier(running.verdict.durable)

    # -- rows -----------------------------------------------------------------------------------------------------

    def rows(self, item: Rows[Running]) -> None:
        running, frame = item.execution.work, item.frame
        if running.cut is not None and not running.inside_row:
            return None
        if running.delivery is None:
            portal = item.execution.portal
            description = portal.statement.description if portal is not None else None
            if portal is None or not description:
                return self._stray("rows without a description")
            self._announce(running)
            self._deliver(running, description, portal.bind.result_formats)
        delivery = running.delivery
        if delivery is not None:
            self._pass_on(running, delivery, frame)
        return None

    def _pass_on(self, running: Running, delivery: Delivery, frame: Frame) -> None:
        data, count, masked = frame.data, frame.count, 0
        if delivery.rewriter is not None:
            try:
                rewritten = delivery.rewriter.rewrite(data)
            except DetectorError as error:
                return self.cut(running, refusal(str(error), sqlstate=INTERNAL_ERROR))
            data, count = rewritten.data, rewritten.rows
            running.dropped += rewritten.dropped
            for name, cells in zip(delivery.names, rewritten.masked, strict=True):
                if cells:
                    masked += cells
                    running.masked[name] = running.masked.get(name, 0) + cells
        running.rows += count
        begun = running.inside_row  # the client has the first part of this row, so it gets the rest
        if not begun:
            running.bytes += len(data) if frame.whole else 1 + int.from_bytes(data[1:HEADER_LENGTH], "big")
        limits = self._line.limits
        if running.rows > limits.result_rows and not begun:
            return self._over(running, "max_result_rows", limits.result_rows, "rows")
        if running.bytes > limits.result_bytes and not begun:
            return self._over(running, "max_result_bytes", limits.result_bytes, "bytes")
        running.inside_row = not frame.whole and frame.count == 0
        self._line.gated.passing(rows=count, masked=masked)
        self._keep()
        over = running.row_bound is not None and running.rows > running.row_bound
        if data and not over:
            self._line.outlet.put(data)
            self._line.transcript.rows(data)
        return None

    def _over(self, running: Running, bound: str, limit: int, unit: str) -> None:
        self._line.bound_hit(bound, limit)
        report = refusal(
            f"the result has more than {limit} {unit}, the most that one statement may return here",
            hint="Narrow the statement, or read it in parts with LIMIT.",
            sqlstate=PROGRAM_LIMIT_EXCEEDED,
        )
        self.cut(running, report)

    def cut(self, running: Running, report: ErrorResponse) -> None:
        """End one statement from here: nothing more of it passes, and ``report`` is what its client hears."""
        if running.cut is None:
            running.cut = report
            self._line.cancel_statement()

    # -- COPY -----------------------------------------------------------------------------------------------------

    def copy_in_started(self, item: CopyInStarted[Running]) -> None:
        running = item.execution.work
        self._announce(running)
        if running.deferred is None:
            self._line.outlet.put(item.data)
        else:  # the guard holds what is answered, but this is what asks for the data; nothing comes before it
            self._line.outlet.let_go()
            self._line.outlet.put(item.data)
            self._line.outlet.hold()

    def copy_out_started(self, item: CopyOutStarted[Running]) -> None:
        running = item.execution.work
        self._announce(running)
        judged = running.judged
        if judged is None:
            return self._stray("a copy of a statement that was not judged")
        response = CopyOutResponse.parse(item.data[HEADER_LENGTH:])
        width = len(response.column_formats)
        plan = self._line.gated.plan(judged, _copy_shape(judged, response))
        self._keep()
        names = _names(judged, width)
        rewriter = None
        if not plan.untouched:
            options = _copy_options(judged.action, response)
            if options is None:
                report = refusal("this COPY must be masked, and its format is not known", hint="Use SELECT instead.")
                return self.cut(running, report)
            try:
                rewriter = CopyRewriter(
                    plan=plan,
                    columns=copy_columns(_copied_types(width, options), options),
                    options=options,
                    masker=self._line.gated.masker,
                )
            except LocalProtocolError as error:
                return self.cut(running, refusal(str(error)))
        running.delivery = Delivery(plan=plan, rewriter=rewriter, names=names)
        self._line.stream_rows(rewriter is None)
        transcript = self._line.transcript
        transcript.shape(transcript.shape_payload(names, [], response.column_formats, plan, copy=True))
        self._line.outlet.put(item.data)
        return None

    def copy_rows(self, item: CopyRows[Running]) -> None:
        running = item.execution.work
        if running.delivery is not None and (running.cut is None or running.inside_row):
            self._pass_on(running, running.delivery, item.frame)

    def copy_ended(self, item: CopyEnded[Running]) -> None:
        running = item.execution.work
        if running.cut is None:
            if running.delivery is not None and isinstance(running.delivery.rewriter, CopyRewriter):
                running.delivery.rewriter.finish()
            self._line.outlet.put(item.data)

    # -- ends -----------------------------------------------------------------------------------------------------

    def completed(self, item: Completed[Running]) -> None:
        running = item.execution.work
        self._announce(running)
        if running.cut is not None:
            return self._too_late(item.execution)
        judged = running.judged
        if judged is None:
            return self._stray("more results than statements")
        data, tag = item.data, item.tag
        verb, touched = _read_tag(tag)
        if running.dropped:
            tag = f"{verb} {running.rows}"
            data = CommandComplete(tag=tag).encode()
            self._say_dropped(running)
        running.touched = touched
        self.committed = verb == "COMMIT"
        self._line.previews.settings.carried_out(judged.action, verb)
        rows = running.rows if running.delivery is not None else touched
        self._settle(running, judged, "ok", verb, rows, tag)
        self._line.outlet.put(data)
        return None

    def _too_late(self, execution: Execution[Running]) -> None:
        """The server had finished before it was asked to stop. Its client must not see the difference."""
        running = execution.work
        self._fail(running, running.cut or refusal("the statement was ended"))
        if execution.portal is not None and not self._line.conversation.at_round_end:
            self._stray("a statement was cut in the middle of a batch")

    def _say_dropped(self, running: Running) -> None:
        report = notice(
            f"the result was cut at {running.rows} rows",
            detail=f"{running.dropped} more rows were not shown.",
            hint="A rule limits how many rows one statement may show.",
        )
        self._line.outlet.put(report.encode())
        self._line.transcript.notice(report)

    def portal_suspended(self, item: Suspended[Running]) -> None:
        running = item.execution.work
        self._announce(running)
        if running.cut is not None:
            return self._too_late(item.execution)
        if item.execution.portal is not None:
            self.suspended[item.execution.portal] = running
        self._line.outlet.put(item.data)
        return None

    def failed(self, item: Failed[Running], *, words_are_sensitive: bool) -> None:
        self._line.previews.settings.failed()
        if item.execution is None:
            report = self._spoken(item.report, words_are_sensitive)
            self._line.outlet.put(report.encode())
            self._line.transcript.notice(report)
            return
        running = item.execution.work
        self._announce(running)
        self._fail(running, running.cut or self._spoken(item.report, running.sensitive))

    def _fail(self, running: Running, report: ErrorResponse) -> None:
        judged = running.judged
        if judged is not None:
            status = "cancelled" if report.sqlstate == "57014" else "error"
            self._settle(running, judged, status, report.sqlstate or "", running.rows, "")
        self.abandon(running, "cancelled")
        self._line.outlet.put(report.encode())
        self._line.transcript.notice(report)

    def dropped(self, item: Dropped[Running]) -> None:
        self.abandon(item.execution.work, "cancelled")

    def abandon(self, running: Running, status: str) -> None:
        """What of it has no outcome yet never ran, or will never be known."""
        while (judged := running.judged) is not None:
            self._settle(running, judged, status, "", 0, "")

    def abandon_portals(self, alive: Callable[[Portal], bool]) -> None:
        """Portals that are gone without having been read to their end."""
        for portal in [portal for portal in self.suspended if not alive(portal)]:
            running = self.suspended.pop(portal)
            judged = running.judged
            if judged is not None:
                self._settle(running, judged, "ok", "suspended", running.rows, "")

    def _settle(self, running: Running, judged: Judged, status: str, code: str, rows: int, tag: str) -> None:
        masked = running.masked
        result = Result(status=status, code=code, rows=rows, bytes=running.bytes, masked=dict(masked) if masked else {})
        if running.deferred is None:
            self._record(running, judged, result, tag)
        else:
            running.deferred.append((judged, result, tag))
        self._line.stream_rows(False)
        running.settled += 1
        running.delivery = None
        running.rows = running.bytes = running.dropped = 0
        if masked:
            masked.clear()

    def _record(self, running: Running, judged: Judged, result: Result, tag: str) -> None:
        done = self._line.gated.settle(judged, result)
        if running.verdict.strict:
            self._line.outlet.barrier(done)
        self._line.transcript.end(tag, result.status, result.rows)

    def conclude(self, running: Running, *, rolled_back: bool) -> None:
        """The guard's verdict is out: record what it waited for."""
        deferred, running.deferred = running.deferred or [], None
        for judged, result, tag in deferred:
            undone = rolled_back and result.status == "ok"
            self._record(running, judged, _undone(result) if undone else result, tag)

    # -- what the server says -------------------------------------------------------------------------------------

    def noticed(self, item: Noticed[Running], *, words_are_sensitive: bool) -> None:
        if item.execution is not None:
            self._announce(item.execution.work)
            words_are_sensitive = item.execution.work.sensitive
        report = self._spoken(item.report, words_are_sensitive)
        if not words_are_sensitive:  # that there is one, and how many, would tell of a masked value what its words do
            self._line.outlet.put(report.encode())
        self._line.transcript.notice(report)

    def notified(self, item: Notified) -> None:
        """What another session says through NOTIFY may hold anything."""
        notification = item.notification
        try:
            payload = self._line.gated.masker.scan_text(notification.payload.encode()).decode(errors="replace")
        except DetectorError:
            payload = ""
        self._line.outlet.put(replace(notification, payload=payload).encode())

    def parameter_changed(self, parameter: ParameterStatus) -> None:
        """A statement, or a function in it, has set it to what it liked."""
        try:
            value = self._line.gated.masker.scan_text(parameter.value.encode()).decode(errors="replace")
        except DetectorError:
            return
        self._line.outlet.put(replace(parameter, value=value).encode())

    def spoken(self, report: ReportT, running: Running) -> ReportT:
        """The server's own words about this one, as its client may hear them."""
        return self._spoken(report, running.sensitive)

    def _spoken(self, report: ReportT, private: bool) -> ReportT:
        if private:
            return withheld(report)
        try:
            return masked(report, self._line.gated.masker.scan_text)
        except DetectorError:
            return withheld(report)


def _alike(known: Action, action: Action) -> bool:
    """Whether both were understood at once, so that they differ in ``text`` at most."""
    if known is action:
        return True
    return known.facts is action.facts and known.atoms is action.atoms and known.outputs is action.outputs


@lru_cache(maxsize=1024)
def _read_tag(tag: str) -> tuple[str, int]:
    """Verb and count of a command's tag; the same few come again and again."""
    complete = CommandComplete(tag=tag)
    return complete.verb, complete.rows or 0


def _undone(result: Result) -> Result:
    return Result(
        status="rolled_back",
        code=result.code,
        rows=result.rows,
        bytes=result.bytes,
        masked=result.masked,
        detail=result.detail,
    )


def _copy_shape(judged: Judged, response: CopyOutResponse) -> Shape:
    names = _names(judged, len(response.column_formats))
    return Shape(parts=tuple(Part(name=name, kind=ValueKind.STRUCTURED) for name in names))


def _names(judged: Judged, width: int) -> tuple[str, ...]:
    outputs = judged.action.outputs
    if outputs is not None and len(outputs) == width:
        return tuple(output.name for output in outputs)
    return ("",) * width


def _copied_types(width: int, options: CopyOptions) -> list[int | None]:
    """COPY names no types. Where everything is written as text, text may stand; in the binary form only NULL is safe."""
    return [None if options.format is CopyFormat.BINARY else TEXT] * width


def _copy_options(action: Action, response: CopyOutResponse) -> CopyOptions | None:
    """The form of the data, as the language found it in the statement."""
    if response.format:
        return CopyOptions(format=CopyFormat.BINARY)
    form = action.facts.get("sql.copy_format")
    if form not in (CopyFormat.TEXT, CopyFormat.CSV):
        return None

    def mark(name: str) -> bytes:
        return str(action.facts.get(f"sql.copy_{name}", "")).encode()

    null = action.facts.get("sql.copy_null")
    return CopyOptions(
        format=CopyFormat(str(form)),
        delimiter=mark("delimiter"),
        null=None if null is None else str(null).encode(),
        quote=mark("quote") or b'"',
        escape=mark("escape"),
        header=bool(action.facts.get("sql.copy_header", False)),
    )
