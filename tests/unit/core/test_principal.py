"""Chains, and who is who."""

import pytest

from passgate.core.principal import Principal, PrincipalKind, spelt_alike

ADA = Principal(kind=PrincipalKind.HUMAN, subject="ada@example.com")
REPORTER = Principal(kind=PrincipalKind.AGENT, subject="reporter", on_behalf_of=ADA)
SUMMARISER = Principal(kind=PrincipalKind.AGENT, subject="summariser", on_behalf_of=REPORTER)


def test_the_links_of_a_chain_begin_with_the_one_who_asks() -> None:
    assert SUMMARISER.links() == (SUMMARISER, REPORTER, ADA)
    assert ADA.links() == (ADA,)


@pytest.mark.parametrize(
    ("subject", "same"),
    [
        ("reporter", True),
        ("Reporter", True),
        ("REPORTER", True),
        ("\uff52\uff45\uff50\uff4f\uff52\uff54\uff45\uff52", True),  # fullwidth
        ("reporter2", False),
        ("r\u0435porter", False),  # a Cyrillic e: another name, which nobody has registered
    ],
)
def test_capitals_and_other_spellings_make_nobody_somebody_else(subject: str, same: bool) -> None:
    assert REPORTER.is_same(Principal(kind=PrincipalKind.AGENT, subject=subject)) is same


def test_a_kind_is_part_of_who_somebody_is() -> None:
    assert not REPORTER.is_same(Principal(kind=PrincipalKind.SERVICE, subject="reporter"))


def test_folding_folds_what_folding_brings_about() -> None:
    """The capital of the long s is an S, the ligature falls apart: both are one name."""
    assert Principal(kind=PrincipalKind.AGENT, subject="\ufb01le\u017f").is_same(
        Principal(kind=PrincipalKind.AGENT, subject="FILES")
    )


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("ada@example.com", "Ada@EXAMPLE.com", True),
        ("\u00e4nne", "\u00c4NNE", True),
        ("ada", "adam", False),
        ("\ufb01le", "file", False),  # a ligature: two letters in one
        ("stra\u00dfe", "strasse", False),
        ("\u212aim", "kim", False),  # a Kelvin sign, whose small letter is a k
        ("o\u017fcar", "oscar", False),  # a long s
        ("\uff41da", "ada", False),  # fullwidth
        ("", "", True),
    ],
)
def test_what_is_given_is_given_to_one_spelling(one: str, other: str, alike: bool) -> None:
    """A provider may have accounts of both names; each would be taken for the other by NFKC or by folding case."""
    assert spelt_alike(one, other) is spelt_alike(other, one) is alike
    mine, theirs = (Principal(kind=PrincipalKind.HUMAN, subject=subject) for subject in (one, other))
    assert mine.is_spelt_as(theirs) is alike
    assert mine.is_same(theirs) or not alike  # whoever is spelt alike is the same for refusals too


def test_a_kind_is_part_of_a_spelling() -> None:
    assert not REPORTER.is_spelt_as(Principal(kind=PrincipalKind.SERVICE, subject="reporter"))
