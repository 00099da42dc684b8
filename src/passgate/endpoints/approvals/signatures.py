"""Signatures on what is sent to channels and comes back from them.

Webhooks: Standard Webhooks 1.0 ("Signature scheme", symmetric): headers ``webhook-id``, ``webhook-timestamp`` and
``webhook-signature``, HMAC-SHA256 over ``id.timestamp.body``. Slack: "Verifying requests from Slack": ``X-Slack-Request-Timestamp``
and ``X-Slack-Signature``, HMAC-SHA256 over ``v0:timestamp:body``.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from passgate.core.errors import PassgateError, SecretUnavailableError

WINDOW_SECONDS = 300
"""How old, or how far ahead, a signed message may be: five minutes, as both schemes have it."""

_PREFIX = "whsec_"
_LEAST_KEY = 24
"""Bytes of a webhook's key: the least that Standard Webhooks allows."""

_LONGEST_ID = 256


class SignatureError(PassgateError):
    """The signature does not hold."""


def webhook_key(secret: str) -> bytes:
    """Of a secret as such services give them out: base64, after ``whsec_``. Raises SecretUnavailableError."""
    try:
        key = base64.b64decode(secret.strip().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise SecretUnavailableError("A webhook's secret is base64, with whsec_ before it") from None
    if len(key) < _LEAST_KEY:
        raise SecretUnavailableError(f"A webhook's secret has at least {_LEAST_KEY} bytes")
    return key


def sign_webhook(key: bytes, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{_webhook_signature(key, message_id, timestamp, body)}",
    }


def verify_webhook(key: bytes, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
    """The message's id. Raises SignatureError."""
    message_id = headers.get("webhook-id", "")
    if not (0 < len(message_id) <= _LONGEST_ID and message_id.isascii() and message_id.isprintable()):
        raise SignatureError("webhook-id is missing or no id")
    timestamp = _fresh(headers.get("webhook-timestamp", ""), now)
    wanted = _webhook_signature(key, message_id, timestamp, body)
    given = [one.removeprefix("v1,") for one in headers.get("webhook-signature", "").split(" ") if one[:3] == "v1,"]
    if not any(hmac.compare_digest(wanted.encode(), one.encode(errors="replace")) for one in given):
        raise SignatureError
    return message_id


def verify_slack(secret: str, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
    """The signature itself, which stands for the message. Raises SignatureError."""
    timestamp = _fresh(headers.get("X-Slack-Request-Timestamp", ""), now)
    given = headers.get("X-Slack-Signature", "")
    wanted = "v0=" + hmac.new(secret.encode(), b"v0:%d:%b" % (timestamp, body), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted.encode(), given.encode(errors="replace")):
        raise SignatureError
    return wanted


def _webhook_signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    signed = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def _fresh(text: str, now: datetime) -> int:
    """Raises SignatureError."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 12):
        raise SignatureError("the timestamp is missing or no number of seconds")
    if str(int(text)) != text:
        raise SignatureError("the timestamp is not written as a number is")
    if abs(int(text) - int(now.timestamp())) > WINDOW_SECONDS:
        raise SignatureError(
            f"the timestamp is more than {WINDOW_SECONDS} s off: is a clock wrong, or is this a replay?"
        )
    return int(text)
