"""Transcripts of a conversation: what each side says goes in, what must happen comes out, as short words."""

from collections.abc import Sequence

from passgate.codecs.postgres.conversation import Conversation
from passgate.codecs.postgres.error_response import ErrorResponse
from passgate.codecs.postgres.framing import (
    BackendLimits,
    FrontendLimits,
    backend_splitter,
    frontend_splitter,
)
from passgate.codecs.postgres.session.expected import Execution
from passgate.codecs.postgres.session.items import (
    Answered,
    AskBind,
    AskExecute,
    AskParse,
    AskQuery,
    Completed,
    Dropped,
    Failed,
    Item,
    NameTaken,
    Ready,
    Rebuffed,
    Rows,
    ToClient,
    ToServer,
)
from passgate.codecs.postgres.wire import Message

REFUSED = ErrorResponse(severity="ERROR", sqlstate="42501", message="no").encode()


class Playbook:
    """``client`` and ``server`` take messages, whole or byte by byte, and answer what happened. ``log`` keeps all of it.

    Every ask is let go, unless its text holds ``deny`` (``deny later``: only its Execute is refused); a text with ``begin`` opens a
    block and one with ``commit`` ends it. ``taken``: names that SQL shares, in the order in which they were given away.
    """

    def __init__(self, *, bytewise: bool = False) -> None:
        self.conversation: Conversation[str] = Conversation()
        self.log: list[str] = []
        self.asked: list[str] = []
        self.taken: list[tuple[str, str]] = []
        self._bytewise = bytewise
        self._client = frontend_splitter(FrontendLimits().table())
        self._server = backend_splitter(BackendLimits().table())

    def client(self, *messages: Message) -> list[str]:
        return self._feed(self._client, self.conversation.from_client, messages)

    def server(self, *messages: Message) -> list[str]:
        return self._feed(self._server, self.conversation.from_server, messages)

    def _feed(self, splitter, handle, messages: Sequence[Message]) -> list[str]:
        data = b"".join(message.encode() for message in messages)
        happened: list[str] = []
        for piece in [data[i : i + 1] for i in range(len(data))] if self._bytewise else [data]:
            splitter.feed(piece)
            while (frame := splitter.next()) is not None:
                happened += self.act(handle(frame))
        self.log += happened
        return happened

    def act(self, items: Sequence[Item[str]]) -> list[str]:
        happened: list[str] = []
        for item in items:
            match item:
                case AskQuery() | AskParse() | AskBind() | AskExecute():
                    happened += self._answer(item)
                case NameTaken(kind=kind, name=name):
                    self.taken.append((kind, name))
                case _:
                    happened.append(said(item))
        return happened

    def _answer(self, ask: AskQuery | AskParse | AskBind | AskExecute) -> list[str]:
        match ask:
            case AskQuery(text=text):
                pass
            case AskParse(statement=statement):
                text = statement.text
            case AskBind(portal=portal) | AskExecute(portal=portal):
                text = portal.statement.text
        self.asked.append(f"{type(ask).__name__} {text}")
        if "deny" in text and ("later" not in text or isinstance(ask, AskExecute)):
            return self.act(self.conversation.refuse(ask, REFUSED))
        block = True if "begin" in text else False if "commit" in text else None
        work = text if isinstance(ask, AskQuery | AskExecute) else None
        return self.act(self.conversation.release(ask, work, block=block if work else None))


def kinds(data: bytes) -> str:
    found, position = "", 0
    while position < len(data):
        found += chr(data[position])
        position += 1 + int.from_bytes(data[position + 1 : position + 5], "big")
    return found


def said(item: Item[str]) -> str:
    """``>Q`` to the server, ``<Z`` to the client, other items by name."""
    match item:
        case ToServer(data=data):
            return ">" + kinds(data)
        case ToClient(data=data):
            return "<" + kinds(data) + ("!" if data == REFUSED else "")
        case Completed(execution=Execution(work=work), tag=tag):
            return f"completed {work}: {tag}"
        case Rows(execution=Execution(work=work), frame=frame):
            return f"rows {work}: {frame.count}"
        case Failed(execution=execution, report=report):
            return f"failed {execution.work if execution else '-'}: {report.sqlstate}"
        case Dropped(execution=Execution(work=work)):
            return f"dropped {work}"
        case Ready(status=status, data=data):
            return f"ready {status.value}" + ("" if data else " unseen")
        case Rebuffed(sqlstate=sqlstate):
            return f"rebuffed {sqlstate}"
        case Answered(own=own):
            return f"answered {len(own.rows)}"
        case _:
            return type(item).__name__
