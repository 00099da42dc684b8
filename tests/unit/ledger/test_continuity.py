"""A story with a hole is refuted, and at which entry; one that says so itself is not."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from passgate.ledger.claims import Claim, Fault
from passgate.ledger.continuity import Continuity
from passgate.ledger.log import Record
from passgate.ledger.reader import LogReader
from tests.faults.kit import open_log

SECOND = 1_000_000
Step = dict[str, Any]


def boot(epoch: int = 1, previous: str = "none", **more: Any) -> Step:
    return {"type": "node.boot", "epoch": epoch, "detail": {"previous": previous, "heartbeat_ms": 1000}, **more}


def bye() -> Step:
    return {"type": "heartbeat", "detail": {"closing": True}}


def began(intent: str, session: str = "S1", **more: Any) -> Step:
    return {"type": "action.intent", "id": intent, "session": session, **more}


def done(intent: str, status: str = "ok") -> Step:
    return {"type": "action.outcome", "intent": intent, "detail": {"status": status}}


def told(folder: Path, steps: Sequence[Step]) -> Continuity:
    """Write the events as a log, with ids, times and epoch where a step does not say them, and read it as an auditor."""
    log, epoch = open_log(folder), 1
    for number, step in enumerate(steps):
        epoch = step.get("epoch", epoch)
        clock = {"mono": number * SECOND, "time": 10**15 + number * SECOND}
        event = {"id": f"E{number}", **clock, "epoch": epoch, "v": 1, **step}
        log.commit([Record(orjson.dumps(event, option=orjson.OPT_SORT_KEYS))])
    log.close()
    reader = LogReader(folder)
    story = Continuity(reader)
    for entry in reader.entries():
        story.take(entry)
    story.finish()
    return story


def faults(folder: Path, *steps: Step) -> list[tuple[Claim, int | None, str]]:
    return [(fault.claim, fault.index, fault.what) for fault in told(folder, steps).faults]


def test_a_whole_story(tmp_path: Path) -> None:
    story = told(
        tmp_path,
        [
            boot(),
            {"type": "session.start", "session": "S1", "seq": 1},
            began("I1", seq=2),
            done("I1") | {"session": "S1", "seq": 3},
            {"type": "action.refused", "session": "S1", "seq": 4},
            {"type": "session.refused"},
            {"type": "session.end", "session": "S1", "seq": 5, "detail": {"chunks": 0}},
            {"type": "audit.viewed"},
            bye(),
            boot(2, "closed"),
        ],
    )
    assert story.faults == []
    assert (story.intents, story.refusals, story.views, story.crashed, story.unsettled) == (1, 2, 1, 0, 0)


@pytest.mark.parametrize(
    ("steps", "claim", "index", "what"),
    [
        ([boot(), boot(3)], Claim.C6, 1, "boot 3 follows boot 1"),
        ([boot(2)], Claim.C6, 0, "boot 2 follows boot 0"),
        ([boot(), done("I1")], Claim.C2, 1, "an outcome without an intent of its own before it"),
        ([boot(), began("I1"), done("I1"), done("I1")], Claim.C2, 3, "an outcome without an intent of its own before it"),
        ([boot(), {"type": "action.outcome"}], Claim.C2, 1, "an outcome without an intent of its own before it"),
        (
            [boot(), began("I1"), began("I2"), boot(2, "crashed"), done("I2", "unknown")],
            Claim.C2, 1, "1 actions were cut short by a crash, and no outcome was written for them",
        ),
        (
            [boot(), {"type": "x", "session": "S1", "seq": 1}, {"type": "x", "session": "S1", "seq": 1}],
            Claim.C6, 2, "event 1 of the session follows its event 1",
        ),
        (
            [boot(), {"type": "x", "session": "S1", "seq": 1}, {"type": "x", "session": "S1", "seq": 4}],
            Claim.C6, 2, "2 events are missing and only 0 were declared lost",
        ),
        (
            [boot(), {"type": "session.end", "session": "S1", "detail": {"chunks": 2}}, bye()],
            Claim.C6, None, "2 events are missing and only 0 were declared lost",
        ),
        (
            [boot(), {"type": "session.end", "session": "S1", "detail": {"chunks": 2}}, bye(), boot(2, "closed")],
            Claim.C6, None, "2 events are missing and only 0 were declared lost",
        ),
        (
            [boot(), {"type": "x", "mono": 300 * SECOND}],
            Claim.C6, 1, "silent for 300 s, though a heartbeat was due",
        ),
        (
            [boot(), {"type": "x", "mono": 61 * SECOND}, {"type": "x", "mono": 0}],
            Claim.C9, 2, "the steady clock went backwards without a boot",
        ),
    ],
)  # fmt: skip
def test_a_hole_in_the_story(tmp_path: Path, steps: list[Step], claim: Claim, index: int | None, what: str) -> None:
    assert faults(tmp_path, *steps) == [(claim, index, what)]


@pytest.mark.parametrize(
    "steps",
    [
        [
            boot(),
            {"type": "x", "session": "S1", "seq": 3},
            {"type": "audit.gap", "detail": {"count": 2, "reason": "full"}},
        ],
        [boot(), began("I1"), boot(2, "crashed"), done("I1", "unknown")],
        [boot(), began("I1")],
        [boot(), {"type": "session.end", "session": "S1", "detail": {"chunks": 2}}, boot(2, "crashed")],
        [boot(), {"type": "audit.gap", "mono": 300 * SECOND, "detail": {"count": 0}}],
        [boot(), {"type": "x", "mono": 50 * SECOND}, boot(2, mono=3), {"type": "x", "mono": 4}],
    ],
    ids=["declared", "unknown", "open", "chunks lost in a crash", "silence of a full disk", "a new boot's clock"],
)
def test_a_story_that_says_itself_what_is_missing(tmp_path: Path, steps: list[Step]) -> None:
    assert faults(tmp_path, *steps) == []


def test_clock_steps_are_counted(tmp_path: Path) -> None:
    story = told(tmp_path, [boot(), {"type": "x"}, {"type": "x", "time": 10**15 + 3600 * SECOND}, {"type": "x"}])
    assert (story.faults, story.steps) == ([], 2)


def chunk(number: int, digest: str, previous: str) -> Step:
    return {"type": "rec.chunk", "session": "S1", "detail": {"n": number, "ct_sha256": digest, "prev": previous}}


def test_chunks_that_are_not_chained(tmp_path: Path) -> None:
    found = faults(tmp_path, boot(), chunk(0, "aa" * 32, ""), chunk(1, "bb" * 32, "zz"))
    assert (Claim.C3, 2, "chunk 1 does not follow the chunk before it") in found
    assert (Claim.C3, 1, "chunk 0 of the recording is missing") in found


def test_more_chunks_than_the_session_says(tmp_path: Path) -> None:
    end = {"type": "session.end", "session": "S1", "detail": {"chunks": 0}}
    found = faults(tmp_path, boot(), chunk(0, "aa" * 32, ""), end)
    assert (Claim.C6, None, "session S1 has 1 recorded chunks and says 0") in found


def test_a_text_that_is_not_there(tmp_path: Path) -> None:
    named = {"type": "x", "session": "S1", "payload": {"ct_sha256": "00" * 32, "key": "11"}}
    assert faults(tmp_path, boot(), named) == [(Claim.C3, 1, "the encrypted text that the entry names is not there")]


def test_a_key_that_vanished(tmp_path: Path) -> None:
    (tmp_path / "sessions.keys").write_bytes(bytes(112))
    named = {"type": "x", "session": "S1", "payload": {"ct_sha256": "00" * 32, "key": "11"}}
    found = faults(tmp_path, boot(), named)
    assert (Claim.C3, 1, "the key of the entry's text is gone, and not by an erasure") in found


def test_a_fault_says_where(tmp_path: Path) -> None:
    fault = told(tmp_path, [boot(), done("I1")]).faults[0]
    assert str(fault) == (
        f"{tmp_path.name}, entry 1, seg-00000000000000000000.log, byte {fault.offset}: "
        "an outcome without an intent of its own before it"
    )
    assert str(Fault(claim=Claim.C1, log="a-w0", what="what")) == "a-w0: what"
