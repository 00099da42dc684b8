import json

import pytest

from passgate.core.decision import Strategy, StrategyKind
from passgate.core.errors import DetectorError
from passgate.core.finding import FindingClass
from passgate.core.masker import Text
from passgate.core.text_plan import LanePlan
from passgate.masking import Detector, SessionMasker
from tests.unit.masking.lanes import TOKEN, cut, opened, through, tokenised

MAIL = b"bob@example.org"
AWS = b"AKIAQ4X7ZP2MN8RT5VBC"


def sent(masker: SessionMasker, value: bytes) -> bytes:
    """What the model gets to see of a value that the caller sent."""
    spans = masker.find([Text(value=value)])[0]
    return masker.replace(value, spans, tokenised(masker))


def test_findings_are_masked_by_type(detector: Detector) -> None:
    masker = opened(detector)
    partial = Strategy(kind=StrategyKind.PARTIAL, keep_first=1, label="EMAIL")
    plan = LanePlan(strategies={"EMAIL": partial}, passed=frozenset({"IP_ADDRESS"}))
    lane = masker.lane(plan)
    shown = through(lane, [b"mail bob@example.org from 203.0.113.9, SSN 536-90-4399."])
    assert shown.delivered == b"mail b***@***.org from 203.0.113.9, SSN [REDACTED:SSN]."
    assert shown.recorded == shown.delivered
    assert lane.masked == {"EMAIL": 1, "SSN": 1}
    assert lane.restored == {}


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_token_comes_back_for_the_caller_and_stays_for_the_record(detector: Detector, size: int) -> None:
    masker = opened(detector)
    token = sent(masker, MAIL)
    lane = masker.lane(tokenised(masker, frozenset({"EMAIL"})))
    text = b"I wrote to " + token + b" and to eve@example.org. " + b"x " * 400
    shown = through(lane, cut(text, [size]))
    other = masker.mask([b"eve@example.org"], Strategy(kind=StrategyKind.TOKEN, label="EMAIL"))[0] or b""
    assert shown.delivered == b"I wrote to bob@example.org and to " + other + b". " + b"x " * 400
    assert shown.recorded == text.replace(b"eve@example.org", other)
    assert lane.restored == {"EMAIL": 1}
    assert lane.masked == {"EMAIL": 1}
    assert lane.held == 0


def test_what_a_lane_masks_is_never_kept(detector: Detector) -> None:
    masker = opened(detector)
    plan = tokenised(masker, frozenset({"EMAIL"}))
    token = through(masker.lane(plan), [MAIL]).delivered
    assert token.startswith(b"<<EMAIL:")
    assert through(masker.lane(plan), [token]).delivered == token


def test_restored_text_is_not_masked_again_and_not_read_as_tokens(detector: Detector) -> None:
    masker = opened(detector)
    token = sent(masker, MAIL)
    lane = masker.lane(LanePlan(restored=frozenset({"EMAIL"})))
    assert through(lane, [token + b", " + MAIL]).delivered == MAIL + b", [REDACTED:EMAIL]"


def test_tokens_of_types_that_are_not_restored_or_of_nobody_stay(detector: Detector) -> None:
    masker = opened(detector)
    token = sent(masker, MAIL)
    strange = b"<<EMAIL:aaaaaaaaaaaa>>"
    assert through(masker.lane(LanePlan()), [token]).delivered == token
    lane = masker.lane(LanePlan(restored=frozenset({"EMAIL"})))
    assert through(lane, [strange]).delivered == strange
    other = opened(detector, "s2").lane(LanePlan(restored=frozenset({"EMAIL"})))
    assert through(other, [token]).delivered == token


def test_secrets_are_never_restorable(detector: Detector) -> None:
    masker = opened(detector)
    token = sent(masker, b"key " + AWS)[4:]
    assert token.startswith(b"<<AWS_ACCESS_KEY_ID:")
    lane = masker.lane(LanePlan(restored=frozenset(type_ for _, type_ in masker.types)))
    assert through(lane, [token]).delivered == token
    assert "entries=0" in repr(masker._vault)


def test_what_holds_a_secret_is_a_secret(detector: Detector) -> None:
    masker = opened(detector)
    text = b"postgres://bob:hunter2trombone@db.example.org/shop"
    spans = masker.find([Text(value=text)])[0]
    assert FindingClass.SECRET in {span.class_ for span in spans if b"hunter2" in text[span.start : span.end]}
    masker.replace(text, spans, tokenised(masker))
    everything = masker.lane(LanePlan(restored=frozenset(type_ for _, type_ in masker.types)))
    assert b"hunter2" not in through(everything, [masker.replace(text, spans, tokenised(masker))]).delivered


def test_a_token_is_never_part_of_a_mask(detector: Detector) -> None:
    masker = opened(detector)
    token = sent(masker, MAIL)
    lane = masker.lane(LanePlan(restored=frozenset({"EMAIL"})))
    shown = through(lane, [b'password = "' + token + b'trombone7X!"'])
    assert shown.delivered.startswith(b'password = "bob@example.org')
    assert shown.recorded.startswith(b'password = "' + token)


def test_the_name_of_a_member_is_looked_at_and_never_shown(detector: Detector) -> None:
    masker = opened(detector)
    value = b"tr0mbone-4-hire"
    plan = LanePlan()
    assert through(masker.lane(plan), [value]).delivered == value
    assert b"REDACTED" in through(masker.lane(plan, context=b"password"), cut(value, [1])).delivered
    assert b"password" not in through(masker.lane(plan, context=b"password"), [value]).delivered
    (spans,) = masker.find([Text(value=value, context=b"password")])
    assert through(masker.lane(plan, context=b"password"), [value]).delivered == masker.replace(value, spans, plan)
    assert through(masker.lane(plan, context=b"mail bob@example.org"), [b"fine"]).delivered == b"fine"


def test_json_stays_json(detector: Detector) -> None:
    masker = opened(detector)
    text = (
        b'{"card": 4111111111111111, "all": [5555555555554444   \n], "mail": "bob@example.org", "n": 4111111111111111}'
    )
    for size in (1, 7, 1000):
        shown = through(masker.lane(LanePlan()), cut(text, [size])).delivered
        assert json.loads(shown) == {
            "card": "[REDACTED:CARD]",
            "all": ["[REDACTED:CARD]"],
            "mail": "[REDACTED:EMAIL]",
            "n": "[REDACTED:CARD]",
        }


def test_a_closed_masker_restores_nothing(detector: Detector) -> None:
    masker = opened(detector)
    token = sent(masker, MAIL)
    masker.close()
    assert through(masker.lane(LanePlan(restored=frozenset({"EMAIL"}))), [token]).delivered == token


def test_a_failing_detector_shows_nothing(detector: Detector) -> None:
    class Broken:
        def fired(self, data: bytes) -> list[int]:
            raise DetectorError

    lane = opened(Detector(detector.rules, Broken())).lane(LanePlan(strategies={"EMAIL": TOKEN}))
    with pytest.raises(DetectorError):
        lane.feed(b"a" * 5000)
    with pytest.raises(DetectorError):
        lane.finish()
