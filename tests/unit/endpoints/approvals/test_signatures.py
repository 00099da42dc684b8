"""Signatures by the published schemes, and everything that must not pass for one."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from passgate.core.errors import SecretUnavailableError
from passgate.endpoints.approvals.signatures import (
    SignatureError,
    sign_webhook,
    verify_slack,
    verify_webhook,
    webhook_key,
)

# "Verifying requests from Slack", step by step, with its own numbers.
SLACK_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
SLACK_TIME = 1531420618
SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
    b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121"
    b".803a0bc887a14d10d2c447fce8b6703c"
)
SLACK_SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"

# The example in the documentation of Svix, whose scheme Standard Webhooks is.
HOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HOOK_ID, HOOK_TIME, HOOK_BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
HOOK_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def at(seconds: int, off: int = 0) -> datetime:
    return datetime.fromtimestamp(seconds, UTC) + timedelta(seconds=off)


def slack(**changed: str) -> dict[str, str]:
    return {"X-Slack-Request-Timestamp": str(SLACK_TIME), "X-Slack-Signature": SLACK_SIGNATURE, **changed}


def hook(**changed: str) -> dict[str, str]:
    given = {"webhook-id": HOOK_ID, "webhook-timestamp": str(HOOK_TIME), "webhook-signature": HOOK_SIGNATURE}
    return given | {name.replace("_", "-"): value for name, value in changed.items()}


@pytest.mark.parametrize("off", [0, -300, 300])
def test_slacks_published_example_holds(off: int) -> None:
    assert verify_slack(SLACK_SECRET, slack(), SLACK_BODY, now=at(SLACK_TIME, off)) == SLACK_SIGNATURE


@pytest.mark.parametrize(
    ("headers", "body", "off"),
    [
        (slack(), SLACK_BODY + b"&x=1", 0),
        (slack(), SLACK_BODY, 301),
        (slack(), SLACK_BODY, -301),
        (slack(**{"X-Slack-Signature": SLACK_SIGNATURE.upper()}), SLACK_BODY, 0),
        (slack(**{"X-Slack-Signature": ""}), SLACK_BODY, 0),
        (slack(**{"X-Slack-Signature": "v0=é"}), SLACK_BODY, 0),
        (slack(**{"X-Slack-Request-Timestamp": str(SLACK_TIME + 1)}), SLACK_BODY, 0),
        (slack(**{"X-Slack-Request-Timestamp": "0" + str(SLACK_TIME)}), SLACK_BODY, 0),
        (slack(**{"X-Slack-Request-Timestamp": "-1"}), SLACK_BODY, 0),
        (slack(**{"X-Slack-Request-Timestamp": "9" * 40}), SLACK_BODY, 0),
        ({}, SLACK_BODY, 0),
    ],
)
def test_nothing_else_is_slack(headers: dict[str, str], body: bytes, off: int) -> None:
    with pytest.raises(SignatureError):
        verify_slack(SLACK_SECRET, headers, body, now=at(SLACK_TIME, off))
    with pytest.raises(SignatureError):
        verify_slack("another", slack(), SLACK_BODY, now=at(SLACK_TIME))


def test_the_published_example_of_a_webhook_is_made_and_holds() -> None:
    key = webhook_key(HOOK_SECRET)
    assert sign_webhook(key, HOOK_ID, HOOK_TIME, HOOK_BODY) == hook()
    assert verify_webhook(key, hook(), HOOK_BODY, now=at(HOOK_TIME)) == HOOK_ID
    several = f"v1,AAAA v1a,xyz {HOOK_SIGNATURE}"  # as while a secret is changed
    assert verify_webhook(key, hook(webhook_signature=several), HOOK_BODY, now=at(HOOK_TIME)) == HOOK_ID


@pytest.mark.parametrize(
    ("headers", "body", "off"),
    [
        (hook(), HOOK_BODY + b" ", 0),
        (hook(), HOOK_BODY, 301),
        (hook(), HOOK_BODY, -301),
        (hook(webhook_id="msg_other"), HOOK_BODY, 0),
        (hook(webhook_id=""), HOOK_BODY, 0),
        (hook(webhook_id="x" * 257), HOOK_BODY, 0),
        (hook(webhook_timestamp="soon"), HOOK_BODY, 0),
        (hook(webhook_signature=HOOK_SIGNATURE.replace("v1,", "v2,")), HOOK_BODY, 0),
        (hook(webhook_signature=HOOK_SIGNATURE.removeprefix("v1,")), HOOK_BODY, 0),
        (hook(webhook_signature=""), HOOK_BODY, 0),
        ({}, HOOK_BODY, 0),
    ],
)
def test_nothing_else_is_a_signed_webhook(headers: dict[str, str], body: bytes, off: int) -> None:
    with pytest.raises(SignatureError):
        verify_webhook(webhook_key(HOOK_SECRET), headers, body, now=at(HOOK_TIME, off))


@pytest.mark.parametrize("secret", ["whsec_not base64!", "whsec_" + base64.b64encode(b"x" * 23).decode(), ""])
def test_a_secret_must_be_one(secret: str) -> None:
    with pytest.raises(SecretUnavailableError):
        webhook_key(secret)
