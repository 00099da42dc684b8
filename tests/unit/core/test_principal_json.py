"""Principals as JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.core.errors import StoreError
from passgate.core.principal import Principal, PrincipalKind
from passgate.core.principal_json import principal_from_json, principal_to_json


def principals(behalf: st.SearchStrategy[Principal | None]) -> st.SearchStrategy[Principal]:
    return st.builds(
        Principal,
        kind=st.sampled_from(PrincipalKind),
        subject=st.text(),
        groups=st.frozensets(st.text()),
        on_behalf_of=behalf,
        claims=st.dictionaries(st.text(), st.text(), max_size=3),
    )


@given(principals(st.none() | principals(st.none())))
def test_a_principal_comes_back(principal: Principal) -> None:
    assert principal_from_json(json.loads(json.dumps(principal_to_json(principal)))) == principal


GOOD: dict[str, object] = {"kind": "human", "subject": "a", "groups": [], "on_behalf_of": None, "claims": {}}


@pytest.mark.parametrize(
    "bad",
    [
        None,
        [],
        {},
        {**GOOD, "kind": "robot"},
        {**GOOD, "subject": 1},
        {**GOOD, "groups": [1]},
        {**GOOD, "groups": None},
        {**GOOD, "claims": {"a": 1}},
        {**GOOD, "on_behalf_of": {}},
    ],
)
def test_what_cannot_be_read_is_an_error(bad: object) -> None:
    with pytest.raises(StoreError, match="A stored principal cannot be read"):
        principal_from_json(bad)
