import pytest

from passgate.languages.sql.patterns import like_narrows, regex_narrows


@pytest.mark.parametrize("pattern", ["abc", "a%", "%abc%", "%example.com", "ab_c", "\\%a%", "a\\"])
def test_like_patterns_that_leave_something_out(pattern: str) -> None:
    assert like_narrows(pattern)


@pytest.mark.parametrize("pattern", ["", "%", "%%", "_%", "%_", "%a%", "%@%", "%ab%", "+%", "{%", "\\%%", "% %"])
def test_like_patterns_that_may_leave_nothing_out(pattern: str) -> None:
    assert not like_narrows(pattern)


@pytest.mark.parametrize("pattern", ["^abc", "^a$", "^ab*", "^\\.x"])
def test_regular_expressions_that_leave_something_out(pattern: str) -> None:
    assert regex_narrows(pattern)


@pytest.mark.parametrize(
    "pattern", ["", ".*", "abc", "^", "^.*", "^a*", "^a?", "^a{0}", "^a|b", "^(a|)", "^[^x]", "(?i)^a", "^$|a"]
)
def test_regular_expressions_that_may_leave_nothing_out(pattern: str) -> None:
    assert not regex_narrows(pattern)
