"""The bound values of a portal, for judging and for the ledger's digest."""

import hashlib
from collections.abc import Sequence

from passgate.codecs.postgres.session.names import Portal
from passgate.codecs.postgres.values import decode_parameter
from passgate.pipeline.protocols import Input


def inputs(portal: Portal) -> Sequence[Input]:
    """Each parameter as the text the server would print."""
    types = portal.statement.parameter_types
    found: list[Input] = []
    for index, value in enumerate(portal.bind.parameters):
        oid = types[index] if index < len(types) else 0
        decoded = decode_parameter(value, oid, portal.bind.parameter_format(index))
        found.append(Input(value=decoded.text, type=decoded.type, opaque=decoded.opaque))
    return found


def digest(portal: Portal) -> str:
    """SHA-256 of the values with their formats and lengths, hexadecimal; empty where there are none."""
    bind = portal.bind
    if not bind.parameters:
        return ""
    total = hashlib.sha256(repr(bind.parameter_formats).encode())
    for value in bind.parameters:
        total.update(b"\xff\xff\xff\xff" if value is None else len(value).to_bytes(4, "big"))
        total.update(value or b"")
    return total.hexdigest()
