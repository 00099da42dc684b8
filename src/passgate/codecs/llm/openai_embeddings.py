"""Embeddings and moderations: bare inputs without a conversation around them."""

from passgate.codecs.llm.body import Body, Member
from passgate.codecs.llm.rules import MARKER, MODEL, PARAMETER, Choose, Claim, Either, Media, Members, Text, Tokens
from passgate.core.finding import Field

_TEXT = Text(field=Field.INPUT)
_MEDIA = Media(field=Field.INPUT)

_PART = Choose(
    by="type",
    among={
        "text": Members(known={"type": MARKER, "text": _TEXT}, other=Field.INPUT),
        "image_url": Members(
            known={
                "type": MARKER,
                "image_url": Either(string=_MEDIA, members=Members(known={"url": _MEDIA}, other=Field.INPUT)),
            },
            other=Field.INPUT,
        ),
    },
    otherwise=_TEXT,
)

EMBEDDINGS = Body(
    root=Members(
        known={
            "model": MODEL,
            "input": Tokens(field=Field.INPUT),
            "dimensions": PARAMETER,
            "encoding_format": MARKER,
            "user": Claim(name="user"),
        }
    ),
    members=(
        Member(name="model", kind="a string", required=True),
        Member(name="input", kind="a string or an array", required=True),
    ),
    messages="input",
)

MODERATIONS = Body(
    root=Members(known={"model": MODEL, "input": Either(string=_TEXT, items=_PART)}),
    members=(
        Member(name="model", kind="a string"),
        Member(name="input", kind="a string or an array", required=True),
    ),
    messages="input",
)
