"""How the gate learns that somebody has left: what of it is refused before a gate starts."""

from datetime import timedelta

import pytest

from passgate.config.identity import Identity
from passgate.config.problems import InvalidSettingsError
from tests.unit.config.test_identity import PROVIDER, parsed

SIGN_IN = ", sign_in: {client_id: cli}"


def test_a_directory_and_asking_again() -> None:
    found = parsed(
        PROVIDER % f"{SIGN_IN}, recheck: {{}}"
        + "  directory: {provider: company, required: true, groups_from: directory, credential: {env: SCIM_TOKEN}}\n"
    )
    assert isinstance(found, Identity)
    recheck, directory = found.providers["company"].recheck, found.directory
    assert recheck is not None
    assert (recheck.every, recheck.grace) == (timedelta(minutes=5), timedelta(minutes=15))
    assert directory is not None
    assert (directory.required, directory.groups_from, directory.subject) == (True, "directory", "user_name")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PROVIDER % ", recheck: {}", "there is no sign_in"),
        (PROVIDER % f"{SIGN_IN}, recheck: {{every: 5m, grace: 5m}}", "grace must be longer"),
        (PROVIDER % f"{SIGN_IN}, recheck: {{often: true}}", "often"),
        (PROVIDER % "" + "  directory: {provider: okta, credential: {env: X}}\n", "'okta'"),
        (PROVIDER % "" + "  directory: {provider: company}\n", "credential"),
        (PROVIDER % "" + "  directory: {provider: company, credential: {}}\n", "exactly one"),
        (PROVIDER % "" + "  directory: {provider: company, credential: {env: X}, subject: name}\n", "subject"),
    ],
)
def test_what_could_not_be_meant(text: str, said: str) -> None:
    with pytest.raises(InvalidSettingsError, match=said):
        parsed(text)
