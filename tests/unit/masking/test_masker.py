import json
from datetime import UTC, datetime

import pytest

from passgate.core.action import VerbClass
from passgate.core.decision import Strategy, StrategyKind
from passgate.core.errors import ConfigError, DetectorError
from passgate.core.finding import FindingClass
from passgate.core.masker import Masker
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.core.resource import Resource
from passgate.core.session import Session
from passgate.masking import Detector, SessionMaskerFactory
from passgate.masking.masker import MAX_NAME

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def session(id_: str = "s1") -> Session:
    grant = Pass(
        id="p1",
        principal=Principal(kind=PrincipalKind.AGENT, subject="reporter"),
        resources=frozenset({"shop"}),
        verbs=frozenset({VerbClass.READ}),
        purpose="test",
        ticket=None,
        issued=NOON,
        expires=NOON,
    )
    return Session(id=id_, pass_=grant, resource=Resource(name="shop", kind="postgres"), opened=NOON, peer="127.0.0.1")


def factory(detector: Detector, **strategies: Strategy) -> SessionMaskerFactory:
    return SessionMaskerFactory(
        detector=detector,
        master_key=b"m" * 32,
        strategies={FindingClass(name): strategy for name, strategy in strategies.items()},
    )


def test_scan_answers_only_what_has_to_be_replaced(detector: Detector) -> None:
    masker: Masker = factory(detector).open(session())
    values = [b"hello", b"mail bob@example.org now", b"", b"536-90-4399"]
    assert dict(masker.scan(values)) == {1: b"mail [REDACTED:EMAIL] now", 3: b"[REDACTED:SSN]"}


def test_bytes_shown_as_hex_are_scanned_for_what_they_say(detector: Detector) -> None:
    masker = factory(detector).open(session())
    values = [b"\\x" + b"to bob@example.org".hex().encode(), b"\\x00ff", b"\\xyz", b"\\x" + b"clean".hex().encode()]
    assert dict(masker.scan(values)) == {0: b"\\x" + b"to [REDACTED:EMAIL]".hex().encode()}


def test_json_stays_json(detector: Detector) -> None:
    masker = factory(detector).open(session())
    text = b'{"card": 4111111111111111, "all": [1, 5555555555554444 ], "mail": "bob@example.org"}'
    masked = masker.scan([text])[0]
    assert json.loads(masked) == {"card": "[REDACTED:CARD]", "all": [1, "[REDACTED:CARD]"], "mail": "[REDACTED:EMAIL]"}


def test_scan_text_gives_back_the_very_object_where_nothing_was_found(detector: Detector) -> None:
    masker = factory(detector).open(session())
    clean = b"relation does not exist"
    assert masker.scan_text(clean) is clean
    assert masker.scan_text(b"Key (email)=(bob@example.org) already exists.") == (
        b"Key (email)=([REDACTED:EMAIL]) already exists."
    )


@pytest.mark.parametrize("clean", [b"gpt-5.2", b"word " * 100])
def test_a_short_clean_text_is_looked_at_once(detector: Detector, clean: bytes) -> None:
    looked_at: list[bytes] = []

    class CountingGate:
        def fired(self, data: bytes) -> list[int]:
            looked_at.append(data)
            return list(range(len(detector.rules.rules)))

    masker = factory(Detector(detector.rules, CountingGate())).open(session())
    for _ in range(2):
        assert masker.scan_text(clean) == clean
        assert masker.scan_text(b"bob@example.org") == b"[REDACTED:EMAIL]"
    assert looked_at.count(clean) == (1 if len(clean) <= MAX_NAME else 2)
    assert looked_at.count(b"bob@example.org") == 2
    assert masker.counts() == {"EMAIL": 2}


def test_counts_say_types_and_never_values(detector: Detector) -> None:
    masker = factory(detector).open(session())
    masker.mask([b"a", b"b"], Strategy(kind=StrategyKind.REDACT, label="NAME"))
    masker.mask([b"a"], Strategy(kind=StrategyKind.NULL))
    masker.scan_text(b"bob@example.org and eve@example.org")
    masker.scan([b"536-90-4399"])
    assert masker.counts() == {"NAME": 2, "COLUMN": 1, "EMAIL": 2, "SSN": 1}


def test_findings_take_the_strategy_of_their_class(detector: Detector) -> None:
    masker = factory(detector, pii=Strategy(kind=StrategyKind.TOKEN)).open(session())
    text = masker.scan_text(b"bob@example.org / BOB@example.org")
    first, second = text.split(b" / ")
    assert first == second
    assert first.startswith(b"<<EMAIL:")
    assert masker.mask([b"bob@example.org"], Strategy(kind=StrategyKind.TOKEN, label="EMAIL")) == [first]


def test_null_inside_a_text_leaves_nothing(detector: Detector) -> None:
    masker = factory(detector, pii=Strategy(kind=StrategyKind.NULL)).open(session())
    assert masker.scan_text(b"<bob@example.org>") == b"<>"


def test_tokens_are_of_one_session(detector: Detector) -> None:
    made = factory(detector)
    strategy = Strategy(kind=StrategyKind.TOKEN, label="EMAIL")
    one, two = made.open(session("s1")), made.open(session("s2"))
    assert one.mask([b"bob@example.org"], strategy) != two.mask([b"bob@example.org"], strategy)
    assert one.mask([b"bob@example.org"], strategy) == made.open(session("s1")).mask([b"bob@example.org"], strategy)


def test_a_failing_detector_is_never_passed_over(detector: Detector) -> None:
    class Broken:
        def fired(self, data: bytes) -> list[int]:
            raise DetectorError

    masker = factory(Detector(detector.rules, Broken())).open(session())
    with pytest.raises(DetectorError):
        masker.scan([b"a"])
    with pytest.raises(DetectorError):
        masker.scan_text(b"a")


def test_repr_hides_the_master_key(detector: Detector) -> None:
    assert "mmmm" not in repr(factory(detector))


def test_short_master_key_is_refused(detector: Detector) -> None:
    made = SessionMaskerFactory(detector=detector, master_key=b"short")
    with pytest.raises(ConfigError):
        made.open(session())
