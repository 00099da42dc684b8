"""docs/reference/ledger-format.md is enough: a reader written from that page alone checks and opens a ledger.

Nothing of the ledger's own code is used here to read; it only makes what is read.
"""

import base64
import json
import re
import struct
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap

from passgate.core.event import EventType
from passgate.ledger.recording import CHANNELS
from tests.unit.ledger.conftest import Recorded

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "reference" / "ledger-format.md"
SOURCES = ROOT / "src" / "passgate"
HEADER, LEAF, PAYLOAD, SEAL = 1, 2, 3, 4


def frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while any(data[at : at + 9]):
        length, crc, kind = struct.unpack_from("<IIB", data, at)
        payload = data[at + 9 : at + 9 + length]
        assert zlib.crc32(bytes([kind]) + payload) == crc
        yield kind, payload
        at += 9 + length


def root_of(hashes: list[bytes]) -> bytes:
    """RFC 6962, section 2.1."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return sha256(b"\x01" + root_of(hashes[:split]) + root_of(hashes[split:])).digest()


def session_key(folder: Path, log: Path, session: str) -> bytes:
    name = sha256(session.encode()).digest()
    slots = (log / "sessions.keys").read_bytes()
    for at in range(0, len(slots) - 111, 112):
        state, of, key_id, wrapped = struct.unpack_from("<B32s32s40s", slots, at)
        if (state, of) == (1, name):
            assert struct.unpack_from("<I", slots, at + 105)[0] == zlib.crc32(slots[at : at + 105])
            key = aes_key_unwrap((folder / "keys" / "wrapping.key").read_bytes(), wrapped)
            assert sha256(b"passgate session key commitment v1\n" + key).digest() == key_id
            return key
    raise AssertionError("no slot")


def opened(key: bytes, sealed: bytes, session: str) -> bytes:
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], session.encode())


def test_a_ledger_is_checked_and_read_by_what_the_page_says(recorded: Recorded) -> None:
    log = recorded.folder / "gate-w0"
    origin, _, encoded = (log / "verifier.key").read_text().strip().split("+", 2)
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(encoded)[1:])
    (segment,) = sorted(log.glob("seg-*.log"))
    read = list(frames(segment.read_bytes()))
    header = json.loads(read[0][1])
    assert (read[0][0], header["v"], header["origin"], header["first"]) == (HEADER, 1, origin, 0)
    hashes: list[bytes] = []
    events: list[dict[str, object]] = []
    texts: dict[str, bytes] = {}
    seals = 0
    for kind, payload in read[1:]:
        if kind == LEAF:
            hashes.append(sha256(b"\x00" + payload).digest())
            events.append(json.loads(payload))
        elif kind == PAYLOAD:
            texts[sha256(payload).hexdigest()] = payload
        else:
            size, root, signature = struct.unpack("<Q32s64s", payload)
            assert (kind, size, root) == (SEAL, len(hashes), root_of(hashes))
            public.verify(signature, f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n".encode())
            seals += 1
    assert seals
    key = session_key(recorded.folder, log, "S1")
    intent = next(event for event in events if event["id"] == recorded.ids["intent"])
    named = intent["payload"]
    assert isinstance(named, dict)
    plain = opened(key, texts[named["ct_sha256"]], "S1")
    body = zstandard.decompress(plain[1:], 1 << 20) if plain[:1] == b"\x01" else plain[1:]
    assert json.loads(body)["text"].startswith("SELECT id, email")
    told = [event["detail"] for event in events if event["type"] == "rec.chunk"]
    lines = [line for detail in told if isinstance(detail, dict) for line in chunk(log, key, detail["ct_sha256"])]
    assert [name for name, _ in lines][:5] == ["in", "verdict", "shape", "rows", "end"]
    assert lines[0][1].startswith(b"SELECT id, email")


def chunk(log: Path, key: bytes, digest: str) -> Iterator[tuple[str, bytes]]:
    sealed = (log / "recordings" / "S1" / digest).read_bytes()
    assert sha256(sealed).hexdigest() == digest
    plain = zstandard.ZstdDecompressor().decompress(opened(key, sealed, "S1"), max_output_size=1 << 26)
    names = {int(code): name for code, name in documented_channels()}
    at = 0
    while at < len(plain):
        code, _, length = struct.unpack_from("<BQI", plain, at)
        yield names[code & 0x3F], plain[at + 13 : at + 13 + length]
        at += 13 + length


def documented_channels() -> list[tuple[str, str]]:
    return re.findall(r"^\| (\d+) \| `(\w+)` \|", PAGE.read_text(), re.MULTILINE)


def test_every_channel_is_on_the_page() -> None:
    assert {name: int(code) for code, name in documented_channels()} == CHANNELS


def named_types() -> set[str]:
    """What the page calls a type: whole, ``.last`` part of one whose beginning was just said, or a group (``lock.*``)."""
    text = PAGE.read_text()
    words = re.findall(r"`([a-z.]+\*?)`", text[text.index("Types:") : text.index("Of a call to a model")])
    return {word for word in words if "." in word} | {"heartbeat"}


def test_every_type_of_event_is_on_the_page() -> None:
    named = named_types()
    groups = tuple(name.removesuffix("*") for name in named if name.endswith("*"))
    for event in EventType:
        last = event.value.rpartition(".")[2]
        assert event.value in named or f".{last}" in named or event.value.startswith(groups), event


def test_no_type_is_on_the_page_that_there_is_not() -> None:
    for name in named_types():
        known = name.removesuffix("*")
        assert any(known in (event.value[: len(known)], event.value[-len(known) :]) for event in EventType), name


def test_no_type_is_known_that_nothing_records() -> None:
    recorded = "".join(path.read_text() for path in SOURCES.rglob("*.py"))
    assert [event for event in EventType if f"EventType.{event.name}" not in recorded] == []
