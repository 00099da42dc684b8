"""Signing in with a browser at a certified provider: what opens, what comes back, and what ends it."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from passgate.testing import RunningGate
from tests.drivers.oidc.conftest import Provider
from tests.drivers.oidc.test_sign_in import a_token, login, take

BROWSER = """\
#!{python}
import sys
from tests.drivers.oidc.conftest import Provider
print("Opening in existing browser session.")
Provider(issuer={issuer!r}).sign_in(sys.argv[1])
"""


def test_the_browser_opens_by_itself_and_its_chatter_stays_out_of_the_answer(
    gate: RunningGate, provider: Provider, tmp_path: Path
) -> None:
    provider.is_now("ada")
    browser = tmp_path / "browser"
    browser.write_text(BROWSER.format(python=sys.executable, issuer=provider.issuer))
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    root = str(Path(__file__).parents[3])
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
    url = f"http://127.0.0.1:{gate.http_port}"
    command = ["login", "--gate", url, "--resource", "shop", "--purpose", "a look", "--json", "--wait", "30s"]
    done = subprocess.run(
        [sys.executable, "-m", "passgate", *command],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "BROWSER": f"{browser} %s", "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["principal"] == "human:ada@example.com"
    assert "A browser opens" in done.stderr


def test_whoever_denies_ends_it_at_once(gate: RunningGate, provider: Provider) -> None:
    for way in ("--no-browser", "--device"):
        done = login(gate, provider, way, person="nobody")
        assert (done.code, done.out) == (2, "")
        assert "denied at the provider" in done.err
        assert "Traceback" not in done.err


def test_nobody_waits_for_ever(gate: RunningGate) -> None:
    url = f"http://127.0.0.1:{gate.http_port}"
    command = ["login", "--gate", url, "--resource", "shop", "--purpose", "a look", "--no-browser", "--wait", "1s"]
    done = subprocess.run([sys.executable, "-m", "passgate", *command], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "nobody signed in within 1s" in done.stderr


def test_a_step_up_is_asked_for_and_made(gate: RunningGate, provider: Provider) -> None:
    done = login(gate, provider, "--no-browser", "--verbs", "admin")
    assert done.code == 0, done.err
    assert "stronger sign-in: to urn:example:mfa, with mfa" in done.err
    assert done.err.count("in a browser on this machine") == 2
    assert json.loads(done.out)["verbs"] == ["admin"]


def test_a_fresh_sign_in_is_asked_for_and_made(gate: RunningGate, provider: Provider) -> None:
    for way in ("--no-browser", "--device"):
        done = login(gate, provider, way, "--verbs", "code")
        assert done.code == 0, done.err
        assert "within the last 60 seconds" in done.err


def test_who_has_no_second_factor_is_refused_after_one_more_try(gate: RunningGate, provider: Provider) -> None:
    done = login(gate, provider, "--no-browser", "--verbs", "admin", person="max")
    assert (done.code, done.out) == (2, "")
    assert done.err.count("in a browser on this machine") == 2
    assert "passgate: the gate says: this needs a stronger sign-in" in done.err


@pytest.fixture
def thin_tokens(provider: Provider) -> Iterator[None]:
    """ID tokens without groups, as Okta's are where an access token comes along."""
    provider.tells_groups("userinfo")
    yield
    provider.tells_groups("token")


@pytest.mark.usefixtures("thin_tokens")
def test_groups_at_userinfo_and_a_nonce_that_is_demanded(careful_gate: RunningGate, provider: Provider) -> None:
    done = login(careful_gate, provider, "--no-browser")
    assert done.code == 0, done.err
    shown = json.loads(careful_gate.cli("pass", "show", done.pass_.id, "--json"))
    assert shown["groups"] == ["dba", "engineering"]
    refused = login(careful_gate, provider, "--no-browser", person="eve")
    assert (refused.code, refused.out) == (2, "")
    assert "may not ask for read on shop" in refused.err


@pytest.mark.usefixtures("thin_tokens")
def test_ten_thousand_groups_at_userinfo(careful_gate: RunningGate, provider: Provider) -> None:
    done = login(careful_gate, provider, "--no-browser", person="busy")
    assert (done.code, done.out) == (2, "")
    assert "more than 1000 groups" in done.err


@pytest.mark.usefixtures("thin_tokens")
def test_a_thin_token_is_not_read_as_no_groups(gate: RunningGate, provider: Provider) -> None:
    done = login(gate, provider, "--no-browser")
    assert (done.code, done.out) == (2, "")
    assert "the claim groups is missing" in done.err


def test_a_stolen_token_buys_nothing_where_the_nonce_is_demanded(
    careful_gate: RunningGate, provider: Provider, tmp_path: Path
) -> None:
    provider.is_now("ada")
    done = take(careful_gate, a_token(careful_gate, provider), tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "sign in with a browser" in done.err


@pytest.mark.parametrize(
    ("person", "said"), [("broken", "control characters"), ("busy", "have the provider send fewer groups")]
)
def test_groups_that_no_rule_could_mean(gate: RunningGate, provider: Provider, person: str, said: str) -> None:
    done = login(gate, provider, "--no-browser", person=person)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_groups_with_odd_names_stay_as_they_are(gate: RunningGate, provider: Provider) -> None:
    done = login(gate, provider, "--no-browser", person="odd")
    assert done.code == 0, done.err
    shown = json.loads(gate.cli("pass", "show", done.pass_.id, "--json"))
    assert set(shown["groups"]) == {"engineering", "a, b", '"q"\'s', "Zoë 日本", "CN=x,OU=y"}
