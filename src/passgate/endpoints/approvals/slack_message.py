"""What people read in Slack. Whatever anybody else wrote stands in ``plain_text``, escaped: no markup, no mention, no link.

The statement is shown masked. Where not all of it can be shown there is no button to approve it: nobody agrees to what they have
not been shown.
"""

from collections.abc import Iterator, Mapping, Sequence

from passgate.core.visible import odd_characters, visible
from passgate.pipeline.approval_desk import ApprovalRequest, ApprovalState

Block = Mapping[str, object]

APPROVE = "passgate.approve"
DENY = "passgate.deny"

_TEXT = 3000
"""Characters of a text object, as Slack counts them: escaped."""

_PIECE = 2500
_PIECES = 8


def escaped(text: str) -> str:
    """Slack's three control characters ("Formatting text for app surfaces": Escaping text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fallback(request: ApprovalRequest) -> str:
    """For notifications: the gate's own words and a number."""
    return f"Approval {request.id}: {request.state.value}"


def blocks(request: ApprovalRequest) -> Sequence[Block]:
    """The whole message, with buttons while it is pending."""
    pieces, whole = _pieces(visible(request.shown)), is_whole(request)
    found: list[Block] = [
        {"type": "header", "text": _plain(f"{request.verb} on {request.resource}", 150)},
        *(_section(f"{name}: {text}") for name, text in _facts(request)),
    ]
    if whole or (request.inputs and len(pieces) <= _PIECES):
        found += [_section(piece) for piece in pieces]
        found += [_section(f"! {warning}") for warning in list(odd_characters(request.shown))[:5]]
    found += [_section("  ".join(row)) for row in _rows(request)]
    if request.state is not ApprovalState.PENDING:
        return found
    if request.inputs:
        names = ", ".join(f"${name}" if name.isdecimal() else name for name in request.inputs)
        found.append(_section(f"The values of its parameters ({names}) are not shown here"))
    if not whole:
        found.append(_section(f"It cannot be shown whole here: passgate approvals show {request.id}"))
    buttons = [_button("Approve", APPROVE, "primary", request)] if whole else []
    return [*found, {"type": "actions", "elements": [*buttons, _button("Deny", DENY, "danger", request)]}]


def is_whole(request: ApprovalRequest) -> bool:
    """Whether all that would run is shown in the message. Values of parameters never are: they may be anything, and only
    those who decide at the gate see them."""
    return (
        request.cut == 0
        and bool(request.shown)
        and not request.inputs
        and len(_pieces(visible(request.shown))) <= _PIECES
    )


def value_of(request: ApprovalRequest) -> str:
    """What a button sends back: the request, and what it was bound to when it was shown."""
    return f"{request.id}:{request.binding_sha256}"


def _facts(request: ApprovalRequest) -> Iterator[tuple[str, str]]:
    yield "state", _state(request)
    yield "who", " for ".join(request.chain)
    yield "touches", "; ".join(request.atoms)
    yield "because", f"{request.reason} (rule {request.rule})"
    preview = request.preview
    yield (
        "preview",
        f"none: {preview.why}" if preview.rows is None else f"would change {preview.rows} rows, and no more",
    )
    yield "until", f"{request.expires:%Y-%m-%d %H:%M:%S} UTC"
    for vote in request.votes:
        yield "approved" if vote.approves else "denied", vote.subject
    yield "they say", request.purpose if request.ticket is None else f"{request.purpose} ({request.ticket})"
    yield "request", f"{request.id}, bound to sha256 {request.binding_sha256}"


def _state(request: ApprovalRequest) -> str:
    if request.state is ApprovalState.PENDING:
        return f"{request.approvals} of {request.count} of {request.group}"
    return request.state.value


def _rows(request: ApprovalRequest) -> Iterator[Sequence[str]]:
    for row in request.preview.samples:
        yield [
            f"{name}={'NULL' if value is None else value}"
            for name, value in zip(request.preview.columns, row, strict=True)
        ]


def _pieces(text: str) -> list[str]:
    """Of so many characters each that they fit escaped."""
    pieces, piece, length = [], "", 0
    for character in text:
        width = len(escaped(character))
        if length + width > _PIECE:
            pieces.append(piece)
            piece, length = "", 0
        piece, length = piece + character, length + width
    return [*pieces, piece] if piece else pieces


def _section(text: str) -> Block:
    return {"type": "section", "text": _plain(text, _TEXT)}


def _plain(text: str, most: int) -> Block:
    """``emoji`` off, or ``:x:`` would become a picture."""
    return {"type": "plain_text", "text": _fitting(visible(text), most) or " ", "emoji": False}


def _fitting(text: str, most: int) -> str:
    """Escaped, and cut where that is too long."""
    whole = escaped(text)
    if len(whole) <= most:
        return whole
    kept, length = [], 0
    for character in map(escaped, text):
        length += len(character)
        if length >= most:
            break
        kept.append(character)
    return "".join(kept) + "…"


def _button(label: str, action: str, style: str, request: ApprovalRequest) -> Block:
    return {
        "type": "button",
        "action_id": action,
        "style": style,
        "text": _plain(label, 75),
        "value": value_of(request),
    }
