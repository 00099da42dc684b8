"""One request, read: what it asks for, and every text in it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from passgate.codecs.llm.json_text import Places
from passgate.codecs.llm.operation import Operation
from passgate.core.finding import Field

BESIDE = "(beside)"
"""In the place of a pointer: the leaf of everything that goes upstream beside the body, headers and query."""

MAX_NAME = 256
"""Characters of the name of a model or a tool."""


@dataclass(
    slots=True, kw_only=True, eq=False
)  # not frozen, which would double what making one costs, and thousands are made
class Leaf:
    """One scalar of a JSON body. ``at``: its number among all names and scalars of the body, in order; -1: it is none of them.

    ``pointer``: where it stands (RFC 6901); of a member's name, where the member stands. ``text``: what it says, UTF-8,
    unescaped; of a number its digits. ``context``: the names that lead to it, for detectors. ``fixed``: it may be looked at,
    never edited (a signed thought, an id): a finding that would have to be masked there refuses the call. ``inner``: the
    leaves of the JSON that the text itself is (the arguments of a tool call), numbered by themselves; None where it is no such
    text. ``raw``: the body is no JSON, and all of it is this text. ``gone``: what is written in the place of the whole value if
    anything of it has to be masked: it cannot be in part.
    """

    at: int
    pointer: str
    field: Field
    text: bytes
    context: bytes = b""
    fixed: bool = False
    quoted: bool = True  # False: a number
    raw: bool = False
    gone: bytes = b""
    inner: "tuple[Leaf, ...] | None" = None
    places: Places | None = None

    @property
    def start(self) -> int:
        """Where its token begins."""
        return self.places.span(self.at)[0] if self.places is not None else 0

    @property
    def end(self) -> int:
        """Where its token ends, quotes included."""
        return self.places.span(self.at)[1] if self.places is not None else len(self.text) * self.raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """``leaves``: every string and number of the body that is looked at, in order. ``opaque``: pointers of what cannot be
    looked at (base64 media, numbers of tokens): policy is told. ``sealed``: pointers of what the provider itself wrote and
    signed or encrypted, by their form. ``models``: others that may answer in the place of ``model``. ``tools``: names of those
    offered. ``claims``: what the client says of its session and its agent, for the ledger, never trusted."""

    operation: Operation
    body: bytes
    leaves: tuple[Leaf, ...]
    model: str = ""
    models: tuple[str, ...] = ()
    stream: bool = False
    max_tokens: int = 0
    messages: int = 0
    tools: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()
    sealed: tuple[str, ...] = ()
    claims: Mapping[str, str] = field(default_factory=dict)


def looked_at(leaves: Iterable[Leaf]) -> Iterator[Leaf]:
    """What detectors are given: of JSON inside a string its own leaves, not the string that holds them."""
    for leaf in leaves:
        if leaf.inner is None:
            yield leaf
        else:
            yield from looked_at(leaf.inner)


def concealed(call: Call, found: Iterable[Leaf]) -> Call:
    """The call with the names and claims that detectors have found something in (``found``) made unreadable: they are facts
    that get into records, which hold no value that was found."""
    leaves = tuple(found)
    if not leaves:
        return call
    said = {leaf.text.decode()[:MAX_NAME] for leaf in leaves if leaf.pointer != BESIDE}
    beside = "".join(leaf.text.decode() for leaf in leaves if leaf.pointer == BESIDE)

    def told(name: str) -> str:
        return "?" if name in said or name.rpartition("/")[2] in said else name

    return replace(
        call,
        model=told(call.model),
        models=tuple(told(name) for name in call.models),
        tools=tuple(told(name) for name in call.tools),
        claims={name: "?" if value in beside else told(value) for name, value in call.claims.items()},
    )
