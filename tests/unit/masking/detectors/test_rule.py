from dataclasses import replace

import pytest

from passgate.core.errors import ConfigError
from passgate.core.finding import FindingClass
from passgate.masking import Rule
from passgate.masking.detectors.rule import MAX_WIDTH, compile_rule

GOOD = Rule(id="r", class_=FindingClass.SECRET, label="KEY", rank=50, pattern=r"\bk_([a-z]{4})\b")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"pattern": "(?=a)b"}, "not a pattern that RE2 takes"),
        ({"pattern": r"(a)\1"}, "not a pattern that RE2 takes"),
        ({"pattern": "é"}, "not a pattern that RE2 takes"),
        ({"pattern": r"\pL"}, "common ground"),
        ({"pattern": "a*"}, "nothing at all"),
        ({"pattern": "a+"}, "bytes long"),
        ({"pattern": f"a{{1,{MAX_WIDTH}}}b"}, f"{MAX_WIDTH + 1} bytes long"),
        ({"pattern": "^a"}, "not for rules"),
        ({"pattern": "(?:b|(?:a$))"}, "not for rules"),
        ({"pattern": "(a)(b)"}, "one group"),
        ({"rank": 101}, "rank 101"),
        ({"label": "key"}, "UPPER_CASE"),
        ({"anchors": ("K_",)}, "lower-case"),
        ({"anchors": ("",)}, "lower-case"),
        ({"validator": "guess"}, "no validator"),
        ({"edge": "guess"}, "no edge check"),
        ({"tail": r"^a"}, "separator"),
        ({"tail": r"a-z<"}, "token"),
        ({"tail": r"a-z&"}, "token"),
    ],
)
def test_what_is_not_fit_for_use_is_refused_by_name(change: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match="rule r: ") as refused:
        compile_rule(replace(GOOD, **change))  # type: ignore[arg-type]
    assert says in str(refused.value)


def test_search_works_on_bytes_one_byte_a_character() -> None:
    compiled = compile_rule(GOOD)
    found = compiled.search("é k_abcd".encode(), 0)
    assert found is not None
    assert (found.span(), found.span(1)) == ((3, 9), (5, 9))
    assert compiled.search(b"k_abcd", 1) is None
    assert compiled.grouped


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (b"social security 1", True),
        (b"social_security_no", True),
        (b"social.security.no", True),
        (b"SocialSecurityNumber", True),
        (b"userSsn1", False),
        (b"userSsn: 1", True),
        (b"SSNs", False),
        (b"assn", False),
        (b"(ssn)", True),
    ],
)
def test_context_words_are_whole_words_of_texts_and_names(text: bytes, whole: bool) -> None:
    compiled = compile_rule(replace(GOOD, context=("ssn", "social security")))
    assert compiled.words is not None
    assert (compiled.words.search(text) is not None) is whole


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("ИНН 7707083893", True),
        ("старинный 7707083893", False),
        ("инном 7707083893", True),
        ("个人番号123", True),
        ("我的番号1", True),
    ],
)
def test_context_words_of_other_scripts_begin_where_a_word_does(text: str, whole: bool) -> None:
    """Where a script writes no blanks, anything may stand before a word, and a number behind it."""
    compiled = compile_rule(replace(GOOD, context=("инн", "番号")))
    assert compiled.words is not None
    assert (compiled.words.search(text.encode()) is not None) is whole
