"""Lanes and windows of tests: whole texts, and the same in pieces."""

from collections.abc import Mapping, Sequence

from passgate.core.decision import Strategy, StrategyKind
from passgate.core.masker import Lane, Shown
from passgate.core.text_plan import LanePlan
from passgate.masking import Detector, SessionMasker, SessionMaskerFactory
from tests.unit.masking.test_masker import session

TOKEN = Strategy(kind=StrategyKind.TOKEN)


def opened(detector: Detector, id_: str = "s1") -> SessionMasker:
    return SessionMaskerFactory(detector=detector, master_key=b"m" * 32).open(session(id_))


def tokenised(masker: SessionMasker, restored: frozenset[str] = frozenset()) -> LanePlan:
    strategies: Mapping[str, Strategy] = {type_: TOKEN for _, type_ in masker.types}
    return LanePlan(strategies=strategies, restored=restored)


def cut(text: bytes, sizes: Sequence[int]) -> list[bytes]:
    pieces, place, turn = [], 0, 0
    while place < len(text):
        size = sizes[turn % len(sizes)]
        pieces.append(text[place : place + size])
        place, turn = place + size, turn + 1
    return pieces


def through(lane: Lane, pieces: Sequence[bytes]) -> Shown:
    shown = [lane.feed(piece) for piece in pieces]
    shown.append(lane.finish())
    return Shown(delivered=b"".join(s.delivered for s in shown), recorded=b"".join(s.recorded for s in shown))
