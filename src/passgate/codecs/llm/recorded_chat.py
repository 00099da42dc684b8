"""How sessions with models read: requests, what was scanned, verdicts, answers as they grew. The lines are those of the
endpoint's transcript.

Of a request only what is new is shown: what an earlier one of the session began with, and what its answer said, is counted.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from passgate.codecs.llm.recorded_said import Said, answered, asked, compact, object_, offered
from passgate.codecs.llm.recorded_stream import Delta, RecordedStream
from passgate.core.errors import LedgerCorruptError
from passgate.core.event import Json
from passgate.core.moment import Moment, RecordedLine, cut_text, verdict_text

_REMEMBERED = 16
"""Earlier calls that a request may go on with: an agent and its helpers, in turns."""
_BODIES = 1024
"""Bodies of earlier calls that later ones may be recorded in terms of: more than the endpoint remembers."""
_SHORT_ID = 5
_EVENTS = "text/event-stream"
_COUNTED = ("input_tokens", "output_tokens", "cached_tokens")


class RecordedChat:
    """A ``RecordingReader``."""

    def moments(self, lines: Iterable[RecordedLine]) -> Iterator[Moment]:
        return _Conversation().moments(lines)


@dataclass(slots=True, kw_only=True)
class _Call:
    """One call while its lines are read. ``said``: so far, by both sides."""

    id: str
    at: float
    head: dict[str, Json]
    body: bytearray = field(default_factory=bytearray)
    shown: bool = False
    said: list[Said] = field(default_factory=list)
    stream: RecordedStream | None = None
    whole: bytearray = field(default_factory=bytearray)
    whole_at: float = 0.0


@dataclass(slots=True, kw_only=True)
class _Growing:
    """A text of an answer that nothing has interrupted yet."""

    call: str
    delta: Delta
    pieces: list[tuple[float, str]]


class _Conversation:
    def __init__(self) -> None:
        self._calls: dict[str, _Call] = {}
        self._earlier: list[tuple[Said, ...]] = []
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._tools: tuple[str, ...] = ()
        self._growing: _Growing | None = None

    def moments(self, lines: Iterable[RecordedLine]) -> Iterator[Moment]:
        for line in lines:
            if line.channel in ("sent", "frame"):
                name, _, data = line.data.partition(b"\n")
                call = self._calls.get(name.decode("ascii", "replace"))
                if call is None:
                    continue  # its head was not stored, and a cut said so
                if line.channel == "sent":
                    call.body += data
                else:
                    yield from self._frame(call, line.at / 1e6, data)
                continue
            body = _json(line.data)
            if line.channel == "cut":
                yield from self._grown()
                yield Moment(at=line.at / 1e6, kind="cut", text=cut_text(body), facts=body)
                continue
            yield from self._line(line.channel, line.at / 1e6, str(body.get("call", "")), body)
        for call in list(self._calls.values()):
            yield from self._request(call)
            yield from self._whole_answer(call)
        yield from self._grown()

    def _line(self, channel: str, at: float, name: str, body: dict[str, Json]) -> Iterator[Moment]:
        if channel == "in":
            self._calls[name] = _Call(id=name, at=at, head=body)
            return
        call = self._calls.get(name)
        if call is not None:
            yield from self._request(call)
        if channel == "answer":
            if call is not None and str(body.get("media", "")).startswith(_EVENTS):
                call.stream = RecordedStream()
            yield from self._other(at, "answer", f"{body.get('status', '')} {body.get('media', '')}".strip(), body)
        elif channel == "scan":
            yield from self._other(at, "scan", _scan_text(body), body)
        elif channel == "verdict":
            yield from self._other(at, "verdict", verdict_text(body) + _masks_text(body), body)
        elif channel == "end":
            if call is not None:
                yield from self._whole_answer(call)
                self._remember(call)
            yield from self._other(at, "end", _end_text(body), body)
            self._calls.pop(name, None)

    def _request(self, call: _Call) -> Iterator[Moment]:
        """The request, once all of its body has been read."""
        if call.shown:
            return
        call.shown = True
        yield from self._other(call.at, "request", self._request_text(call), call.head)
        sent = self._whole_body(call)
        if sent is None:
            facts: dict[str, Json] = {"call": call.id}
            yield Moment(
                at=call.at, kind="message", text="(what it repeats of an earlier call is not here)", facts=facts
            )
        body = _parsed(call.body if sent is None else sent)
        if body is None:
            if call.body:
                said = Said(role="", kind="other", text=call.body.decode("utf-8", "backslashreplace"))
                yield self._message(call, call.at, said)
            return
        tools = offered(body)
        if tools and tools != self._tools:
            self._tools = tools
            facts = {"call": call.id, "tools": list(tools)}
            yield Moment(at=call.at, kind="message", text=f"tools: {', '.join(tools)}", facts=facts)
        call.said = list(asked(body))
        known = max((_common(call.said, earlier) for earlier in self._earlier), default=0)
        if known:
            facts = {"call": call.id, "as_before": known}
            yield Moment(at=call.at, kind="message", text=f"({known} as before)", facts=facts)
        for said in call.said[known:]:
            yield self._message(call, call.at, said)
        if not call.said:
            yield self._message(call, call.at, Said(role="", kind="other", text=compact(body)))

    def _whole_body(self, call: _Call) -> bytes | None:
        """With what it has in common with an earlier call's body; None where that is missing."""
        body = bytes(call.body)
        like = object_(call.head.get("like"))
        if like:
            known = self._bodies.get(str(like.get("call", "")))
            begin, end = like.get("begin"), like.get("end")
            if known is None or not isinstance(begin, int) or not isinstance(end, int):
                return None
            body = known[:begin] + body + known[len(known) - end :]
            if len(body) != call.head.get("bytes"):
                return None
        self._bodies[call.id] = body
        if len(self._bodies) > _BODIES:
            self._bodies.popitem(last=False)
        return body

    def _request_text(self, call: _Call) -> str:
        head = call.head
        said = f"{head.get('method', '')} {head.get('path', '')} {head.get('model', '')}".strip()
        if head.get("stream"):
            said += ", streamed"
        said += f" (call {call.id[-_SHORT_ID:]})"
        claims = head.get("claims")
        if isinstance(claims, dict) and claims:
            said += f"; claims {', '.join(f'{name} {value}' for name, value in claims.items())}"
        return said + ("; its body could not be scanned and was not kept" if head.get("withheld") else "")

    def _frame(self, call: _Call, at: float, data: bytes) -> Iterator[Moment]:
        yield from self._request(call)
        if call.stream is None:
            call.whole_at = at if not call.whole else call.whole_at
            call.whole += data
            return
        for delta in call.stream.feed(data):
            growing = self._growing
            if growing is None or (growing.call, growing.delta.block) != (call.id, delta.block):
                yield from self._grown()
                growing = self._growing = _Growing(call=call.id, delta=delta, pieces=[])
            growing.pieces.append((at, delta.text))

    def _whole_answer(self, call: _Call) -> Iterator[Moment]:
        if call.stream is not None:
            call.said += call.stream.said()
        if not call.whole:
            return
        body = _parsed(call.whole)
        said = list(answered(body)) if body is not None else []
        call.said += said
        if not said:
            said = [Said(role="", kind="other", text=call.whole.decode("utf-8", "backslashreplace"))]
        yield from self._grown()
        for one in said:
            yield self._message(call, call.whole_at, one, kind="text")

    def _grown(self) -> Iterator[Moment]:
        growing, self._growing = self._growing, None
        if growing is None:
            return
        delta, pieces = growing.delta, growing.pieces
        said = Said(role="assistant", kind=delta.kind, text="".join(text for _, text in pieces), name=delta.name)
        facts = {**_facts(growing.call, said), "block": delta.block}
        kind = "call" if delta.kind == "tool call" else "text"
        lead = self._lead(growing.call) + _lead(said)
        grown = ((pieces[0][0], lead + pieces[0][1]), *pieces[1:])
        yield Moment(at=pieces[0][0], kind=kind, text=lead + said.text, facts=facts, pieces=grown)

    def _message(self, call: _Call, at: float, said: Said, *, kind: str = "message") -> Moment:
        shown = "call" if said.kind == "tool call" and kind == "text" else kind
        return Moment(
            at=at, kind=shown, text=self._lead(call.id) + _lead(said) + said.text, facts=_facts(call.id, said)
        )

    def _other(self, at: float, kind: str, text: str, facts: dict[str, Json]) -> Iterator[Moment]:
        yield from self._grown()
        yield Moment(at=at, kind=kind, text=self._lead(str(facts.get("call", ""))) + text, facts=facts)

    def _lead(self, call: str) -> str:
        """Which call it is, where several are under way."""
        return f"[{call[-_SHORT_ID:]}] " if len(self._calls) > 1 else ""

    def _remember(self, call: _Call) -> None:
        if call.said:
            self._earlier = [*self._earlier[-_REMEMBERED + 1 :], tuple(call.said)]


def _json(data: bytes) -> dict[str, Json]:
    body = _parsed(data)
    if body is None:
        raise LedgerCorruptError("a recorded line is malformed")
    return body


def _parsed(data: bytes | bytearray) -> dict[str, Any] | None:
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def _common(new: Sequence[Said], earlier: Sequence[Said]) -> int:
    count = 0
    for one, other in zip(new, earlier, strict=False):
        if one != other:
            break
        count += 1
    return count


def _facts(call: str, said: Said) -> dict[str, Json]:
    facts: dict[str, Json] = {"call": call, "role": said.role, "said": said.kind}
    return facts | {"name": said.name} if said.name else facts


def _lead(said: Said) -> str:
    who = " ".join(part for part in (said.role, "" if said.kind in ("text", "other") else said.kind, said.name) if part)
    return f"{who}: " if who else ""


def _scan_text(body: Mapping[str, Any]) -> str:
    parts = []
    for name, told in object_(body.get("fields")).items():
        one = object_(told)
        found = ", ".join(f"{what} {count}" for what, count in object_(one.get("found")).items())
        fixed = f", {one['fixed']} fixed" if one.get("fixed") else ""
        parts.append(f"{name} {one.get('texts', 0)}{fixed}{f' ({found})' if found else ''}")
    said = f"scanned: {', '.join(parts) or 'nothing to scan'}"
    opaque = body.get("opaque")
    return said + (f"; not scannable: {', '.join(map(str, opaque))}" if isinstance(opaque, list) and opaque else "")


def _masks_text(body: Mapping[str, Any]) -> str:
    return "".join(f"\n{what}: {how}" for what, how in object_(body.get("masks")).items())


def _end_text(body: Mapping[str, Any]) -> str:
    first = body.get("first_milliseconds")
    parts = (
        *(str(body.get(name, "")) for name in ("status", "code", "finish")),
        *(f"{body[name]} {name.replace('_', ' ')}" for name in _COUNTED if body.get(name) is not None),
        "" if first is None else f"first after {first} ms",
        f"{body.get('milliseconds', 0)} ms",
    )
    return ", ".join(part for part in parts if part)
