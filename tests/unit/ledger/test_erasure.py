"""F18: after an erasure every proof still proves, and nobody can read."""

from passgate.ledger.erasure import Erased, erase
from passgate.ledger.proof import prove
from passgate.ledger.reader import SessionTexts
from passgate.ledger.replay import replay
from passgate.ledger.verify import verify
from tests.unit.ledger.conftest import READERS, Recorded


def test_an_erased_session_proves_and_cannot_be_read(own: Recorded) -> None:
    before = own.reader.find(own.ids["intent"])
    assert before is not None
    assert erase(own.reader, "S1") == Erased(keys=1, chunks=1)
    reader = own.reader
    assert not verify(reader).failed
    entries = reader.session("S1")
    prove(entries[1]).check(before.leaf, before.log.verifier)
    texts = SessionTexts(reader.session_keys(entries[0].log, "S1"))
    assert [texts.open(entry) for entry in entries] == [None] * len(entries)
    seen = replay(reader, "S1", READERS)
    assert seen is not None
    assert not seen.recorded
    assert all("ada@" not in moment.text for moment in seen.moments)
    assert erase(reader, "S1") == Erased(keys=0, chunks=0)


def test_an_unknown_session_has_nothing_to_erase(own: Recorded) -> None:
    assert erase(own.reader, "S9") == Erased(keys=0, chunks=0)
