import pytest

from passgate.core.errors import ConfigError
from passgate.core.finding import FindingClass
from passgate.masking import Rule, open_detector
from passgate.masking.detectors.rule import compile_rule
from passgate.masking.detectors.samples import draw
from passgate.masking.detectors.trial import check_own, passed_over


def rule(pattern: str, **more: tuple[str, ...]) -> Rule:
    return Rule(id="own", class_=FindingClass.PII, label="OWN", rank=50, pattern=pattern, **more)  # type: ignore[arg-type]


class Forgetful:
    """A gate that sees a rule only where nothing stands before it."""

    def fired(self, data: bytes) -> list[int]:
        return [0] if data.startswith(b"emp") else []


def test_a_gate_that_misses_a_rule_behind_other_text_is_found_out() -> None:
    assert passed_over(Forgetful(), [compile_rule(rule("emp[0-9]{5}"))]) == {0}


def test_a_rule_that_needs_a_word_is_tried_with_one() -> None:
    class Word:
        def fired(self, data: bytes) -> list[int]:
            return [0] if b"staff" in data else []

    compiled = [compile_rule(rule("[0-9]{5}", context=("staff",)))]
    assert passed_over(Word(), compiled) == frozenset()
    assert passed_over(Forgetful(), compiled) == {0}


@pytest.mark.parametrize(
    "pattern",
    [
        r"\bEMP-[0-9]{5}\b",
        r"(?i)emp_[a-z]{2}",
        r"[^ ]{8}",
        r"id[\W][\D\S]x",
        r"(?:a|b)\Bc?d",
        r"\Bfoo",
        r"[\x80-\xff]{4}",
        r"id (.)[^\x20-\x7e]",
        r"[^x]y{1,3}?",
    ],
)
def test_what_can_be_found_is_taken(pattern: str) -> None:
    check_own(compile_rule(rule(pattern)))


@pytest.mark.parametrize("pattern", [r"a{,3}b{,2}c", r"a\bb", r"x\B \B-"])
def test_a_rule_that_finds_nothing_of_what_it_says_is_refused(pattern: str) -> None:
    """RE2 takes ``{,3}`` for four letters, and other engines for a count."""
    with pytest.raises(ConfigError, match="finds nothing"):
        check_own(compile_rule(rule(pattern)))


def test_an_anchor_that_matches_do_not_hold_is_refused() -> None:
    """The other gate would never look at such a rule."""
    with pytest.raises(ConfigError, match="anchors"):
        open_detector(engine="literals", own=[rule("emp-[0-9]{5}", anchors=("employee",))])
    open_detector(engine="literals", own=[rule("emp-[0-9]{5}", anchors=("emp-", "x"))])


def test_where_case_does_not_matter_the_other_one_is_tried_too() -> None:
    class Small:
        def fired(self, data: bytes) -> list[int]:
            return [0] if b"emp" in data else []

    assert passed_over(Small(), [compile_rule(rule("(?i)emp"))]) == {0}
    assert passed_over(Small(), [compile_rule(rule("emp"))]) == frozenset()


def test_what_cannot_be_drawn_is_said() -> None:
    from random import Random

    from passgate.core.errors import DetectorError

    with pytest.raises(DetectorError, match="no sample"):
        draw("(?=a)a", Random(1))
