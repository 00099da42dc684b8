"""Whatever a client and a server say: nothing runs unasked, every round is answered once, chunks do not matter."""

from hypothesis import given, settings
from hypothesis import strategies as st

from passgate.codecs.postgres.bind import Bind
from passgate.codecs.postgres.copy import CopyData
from passgate.codecs.postgres.extended_query import (
    BindComplete,
    Close,
    CloseComplete,
    Describe,
    Execute,
    Flush,
    NoData,
    ParameterDescription,
    Parse,
    ParseComplete,
    Sync,
    Target,
)
from passgate.codecs.postgres.function_call import FunctionCall
from passgate.codecs.postgres.simple_query import Query
from tests.unit.codecs.postgres.exchanges import DONE, ERROR, IDLE, IN_BLOCK, bind, close, describe, execute, parse
from tests.unit.codecs.postgres.playbook import Playbook

CLIENT = st.sampled_from(
    [
        Query(text="select 1"),
        Query(text="deny"),
        parse("select 1"),
        parse("deny"),
        parse("deny later", "s"),
        parse("select 2", "s"),
        parse("begin", "b"),
        bind(),
        bind("s", "p"),
        bind("b", "b"),
        describe(),
        describe("s", Target.STATEMENT),
        execute(),
        execute("p"),
        execute("b"),
        close("s"),
        Flush(),
        Sync(),
        CopyData(data=b"x"),
        FunctionCall(function=1),
    ]
)


class Server:
    """PostgreSQL as far as these messages go: what it answers, when it skips, which names it knows."""

    def __init__(self) -> None:
        self.statements: dict[str, str] = {}
        self.portals: dict[str, str] = {}
        self.ran: list[str] = []
        self.committed: list[str] = []
        self._skipping = False
        self._block = False

    def take(self, data: bytes) -> list[object]:
        replies: list[object] = []
        position = 0
        while position < len(data):
            end = position + 1 + int.from_bytes(data[position + 1 : position + 5], "big")
            replies += self._one(data[position], data[position + 5 : end])
            position = end
        return replies

    def _status(self) -> list[object]:
        if not self._block:
            self.committed += self.ran
            self.ran, self.portals = [], {}
        return [IN_BLOCK if self._block else IDLE]

    def _error(self) -> list[object]:
        self._skipping = True
        if not self._block:
            self.ran = []
        return [ERROR]

    def _one(self, kind: int, body: bytes) -> list[object]:  # noqa: C901 - a case for each message
        if kind == Sync.TYPE:
            self._skipping = False
            return self._status()
        if self._skipping or kind == Flush.TYPE:
            return []
        if kind == Query.TYPE:
            self.statements.pop("", None)
            self.ran.append(Query.parse(body).text)
            return [DONE, *self._status()]
        if kind == Parse.TYPE:
            message = Parse.parse(body)
            if not message.statement:
                self.statements.pop("", None)
            if message.text.startswith("passgate") or message.statement in self.statements:
                return self._error()
            self.statements[message.statement] = message.text
            return [ParseComplete()]
        if kind == Bind.TYPE:
            bound = Bind.parse(body)
            if bound.statement not in self.statements or (bound.portal and bound.portal in self.portals):
                return self._error()
            self.portals[bound.portal] = self.statements[bound.statement]
            return [BindComplete()]
        if kind == Describe.TYPE:
            asked = Describe.parse(body)
            if asked.name not in (self.statements if asked.target is Target.STATEMENT else self.portals):
                return self._error()
            return [ParameterDescription(types=()), NoData()] if asked.target is Target.STATEMENT else [NoData()]
        if kind == Execute.TYPE:
            name = Execute.parse(body).portal
            if name not in self.portals:
                return self._error()
            self.ran.append(self.portals[name])
            self._block = self._block or self.portals[name] == "begin"
            return [DONE]
        assert kind == Close.TYPE
        (self.statements if Close.parse(body).target is Target.STATEMENT else self.portals).pop(
            Close.parse(body).name, None
        )
        return [CloseComplete()]


class Run:
    """The playbook between a client and that server. ``lag``: how many messages the server is behind."""

    def __init__(self, lag: int, *, bytewise: bool) -> None:
        self.book = Playbook(bytewise=bytewise)
        self.server = Server()
        self._lag = lag
        self._way: list[bytes] = []
        original = self.book.act

        def act(items):
            self._way += [item.data for item in items if type(item).__name__ == "ToServer"]
            return original(items)

        self.book.act = act  # type: ignore[method-assign]

    def say(self, message) -> None:
        self.book.client(message)
        while len(self._way) > self._lag:
            self.deliver()

    def deliver(self) -> None:
        replies = self.server.take(self._way.pop(0))
        self.book.server(*replies)

    def finish(self) -> None:
        while self._way:
            self.deliver()


@settings(max_examples=400, deadline=None)
@given(st.lists(CLIENT, max_size=25), st.integers(0, 6))
def test_nothing_runs_unasked_and_every_round_is_answered_once(messages, lag: int) -> None:
    run = Run(lag, bytewise=False)
    for message in [*messages, Sync()]:
        run.say(message)
    run.finish()
    asked = [text.partition(" ")[2] for text in run.book.asked if text.startswith(("AskQuery", "AskExecute"))]
    for text in run.server.committed:
        assert "deny" not in text
        assert text in asked
    assert run.book.conversation.quiet
    assert not run.book.conversation.skipping
    rounds = sum(1 for line in run.book.log if line in ("ready I", "ready T", "<Z"))
    assert rounds >= 1
    for name, text in run.server.statements.items():
        known = run.book.conversation.statements.get(name)
        assert known is None or known.text == text


@settings(max_examples=100, deadline=None)
@given(st.lists(CLIENT, max_size=15), st.integers(0, 4))
def test_whole_is_byte_by_byte(messages, lag: int) -> None:
    whole, bytewise = Run(lag, bytewise=False), Run(lag, bytewise=True)
    for message in [*messages, Sync()]:
        whole.say(message)
        bytewise.say(message)
    assert whole.book.log == bytewise.book.log
