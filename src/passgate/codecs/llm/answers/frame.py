"""What one event of a stream is, in words that all dialects share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from passgate.codecs.llm.answer import Summary
from passgate.codecs.llm.answers.sse import Event
from passgate.codecs.llm.answers.words import Copy
from passgate.codecs.llm.call import Leaf
from passgate.codecs.llm.json_text import Json

DONE = b"[DONE]"
"""How OpenAI's chat ends. Servers that speak several dialects end their other streams with it too."""

Key = tuple[str | int | None, ...]
"""Which text of an answer: from what holds it (a choice, a block) down to its own name."""


@dataclass(slots=True, kw_only=True)
class Frame:
    """``whole``: texts that stand in one piece. ``streamed``: pieces of longer texts. ``copies``: where tokens of a text stand
    once more. ``begins``: beginnings of keys whose texts start anew; ``ends``: whose texts have ended with this event;
    ``pauses``: whose texts are said to have ended, by servers of which some say so too early. ``last``: nothing has to follow.
    ``number``: of the event, where the dialect counts: start and end in its data, and itself."""

    kind: str = ""
    whole: Sequence[Leaf] = ()
    streamed: Sequence[tuple[Key, Leaf]] = ()
    copies: Sequence[Copy] = ()
    begins: Sequence[Key] = ()
    ends: Sequence[Key] = ()
    pauses: Sequence[Key] = ()
    last: bool = False
    number: tuple[int, int, int] | None = None


class StreamDialect(Protocol):
    """How one API streams. Remembers what it needs for the summary."""

    @property
    def summary(self) -> Summary: ...

    def read(self, event: Event) -> Frame:
        """``event`` has data. Raises RemoteProtocolError for what is not of the dialect."""

    def tail(self, key: Key, text: bytes, number: int) -> bytes:
        """A new event that adds ``text`` to a text; ``number``: its own, where the dialect counts events."""

    def closing(self) -> bytes:
        """What the upstream forgot to say at its end. Raises RemoteProtocolError if the answer is not whole."""


def object_of(tree: Json) -> Mapping[str, Json]:
    return tree if isinstance(tree, dict) else {}


def list_of(tree: Json) -> Sequence[Json]:
    return tree if isinstance(tree, list) else ()


def text_of(tree: Json) -> str:
    return tree if isinstance(tree, str) else ""


def number_of(tree: Json) -> int | None:
    return tree if isinstance(tree, int) and not isinstance(tree, bool) else None
