"""Batches: OpenAI's name a file that came before, Anthropic's carry their requests along."""

from collections.abc import Iterator
from dataclasses import dataclass

from passgate.codecs.llm.anthropic_messages import MESSAGES
from passgate.codecs.llm.body import Body, Member
from passgate.codecs.llm.json_text import Json
from passgate.codecs.llm.reading import Reading
from passgate.codecs.llm.rules import MARKER, PARAMETER, Members, Row, Text, items
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A whole body of another operation, held to the same shape."""

    body: Body

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        try:
            self.body.check(value)
        except RemoteProtocolError as error:
            raise RemoteProtocolError(f"{pointer}: {error}") from None
        self.body.root.read(reading, value, pointer)

    def rows(self, where: str) -> Iterator[Row]:
        yield Row(where=f"{where}/**", field=Field.METADATA, verdict="as the same place of a request of its own")


BATCHED = frozenset(("/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/embeddings", "/v1/moderations"))
"""What the lines of a file may ask for."""

_REQUEST = Members(known={"custom_id": MARKER, "params": Whole(body=MESSAGES)})

MESSAGE_BATCH = Body(
    root=Members(known={"requests": items(_REQUEST, Field.METADATA)}),
    members=(Member(name="requests", kind="an array", required=True, of="an object"),),
    messages="requests",
)

FILE_BATCH = Body(
    root=Members(
        known={
            "input_file_id": MARKER,
            "endpoint": MARKER,
            "completion_window": MARKER,
            "metadata": Text(field=Field.METADATA),
            "output_expires_after": Members(known={"anchor": MARKER, "seconds": PARAMETER}),
        }
    ),
    members=(
        Member(name="input_file_id", kind="a string", required=True),
        Member(name="endpoint", kind="a string", required=True, among=BATCHED),
    ),
)
