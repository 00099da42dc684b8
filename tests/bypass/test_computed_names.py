"""A name looked up in the system's catalog may be shown as an object; it may not lead to what the object holds."""

from pathlib import Path

import pytest

from passgate.cli.policy_context import build_context
from passgate.core.decision import Outcome

CONTEXT = build_context(
    policies=[],
    packs=["p-ref"],
    reference=True,
    schema=None,
    resource=None,
    config=Path("passgate.yaml"),
    who="agent:reporter",
    on_behalf_of=None,
    groups=[],
    labels=[],
)


def outcome(text: str) -> Outcome:
    (action,) = CONTEXT.understand(text, None).actions
    return CONTEXT.policy.decide(action, CONTEXT.session).outcome


@pytest.mark.parametrize(
    "text",
    [
        "SELECT relname::regclass FROM pg_class",
        "SELECT pg_get_serial_sequence(attrelid::regclass::text, attname)::regclass::oid FROM pg_attribute",
        "SELECT prorettype::regtype FROM pg_proc",
    ],
)
def test_catalog_names_may_be_shown(text: str) -> None:
    assert outcome(text) is Outcome.ALLOW


@pytest.mark.parametrize(
    "text",
    [
        "SELECT table_to_xml(c.oid::regclass, true, true, '') FROM pg_class c",
        "SELECT table_to_xml(relname::regclass, true, true, '') FROM pg_class",
        "SELECT table_to_xml(x, true, true, '') FROM (SELECT relname::regclass x FROM pg_class) q",
        "SELECT nextval(relname::regclass) FROM pg_class",
        "SELECT note::regclass FROM orders",
        "SELECT (relname || note)::regclass FROM pg_class, orders",
        "SELECT ('pay' || 'ments')::regclass",
    ],
)
def test_they_may_not_lead_any_further(text: str) -> None:
    assert outcome(text) is Outcome.DENY
