"""Devices without a browser: a long code for them, a short one for the person who signs in elsewhere (RFC 8628)."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from passgate.core.authorization import DeviceCode, DeviceState
from passgate.core.errors import OAuthError, StoreError
from passgate.identity.issuer.asked import Asked, read_asked
from passgate.identity.issuer.one_time import digest
from passgate.pipeline.issuing import Device

LIFETIME = timedelta(minutes=10)
INTERVAL = 5
"""Seconds between two questions; five more each time that it is not kept (section 3.5)."""

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so no words; nothing that is misread (section 6.1)."""

_LENGTH = 8
"""34 bits: with ten minutes, and twenty wrong ones from one address before each next costs three seconds, nobody hits one."""

_BYTES = 32
_TRIES = 5


class DeviceStore(Protocol):
    """Raises StoreError throughout."""

    def add(self, digest: str, device: DeviceCode, *, now: datetime) -> bool:
        """What has expired is dropped. False if the user code is taken."""

    def find(self, digest: str) -> DeviceCode | None: ...

    def by_user_code(self, user_code: str) -> DeviceCode | None: ...

    def decide(self, user_code: str, state: DeviceState, *, authorization: str | None, now: datetime) -> bool:
        """False if it waits for no decision any more."""

    def asked(self, digest: str, *, at: datetime, interval: int) -> None: ...

    def use(self, digest: str) -> bool:
        """False if it was used before, or nobody has allowed it."""


class Devices:
    def __init__(self, store: DeviceStore, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._now = now

    def begin(self, asked: Asked) -> Device:
        """Raises StoreError."""
        now = self._now()
        for _ in range(_TRIES):
            code, user_code = secrets.token_urlsafe(_BYTES), _user_code()
            device = DeviceCode(
                user_code=user_code,
                content=replace(asked, user_code=user_code).written(),
                expires=now + LIFETIME,
                interval=INTERVAL,
            )
            if self._store.add(digest(code), device, now=now):
                seconds = int(LIFETIME.total_seconds())
                return Device(device_code=code, user_code=shown(user_code), expires_in=seconds, interval=INTERVAL)
        raise StoreError("No user code is free")

    def waiting(self, user_code: str) -> Asked:
        """What the device of this code asks for. Raises OAuthError, StoreError."""
        device = self._store.by_user_code(_read(user_code))
        if device is None or device.state is not DeviceState.WAITING or self._now() >= device.expires:
            raise OAuthError("invalid_grant", "no device waits with this code: compare it with the one that is shown")
        return read_asked(device.content)

    def decide(self, user_code: str, state: DeviceState, *, authorization: str | None) -> None:
        """Raises OAuthError, StoreError."""
        if not self._store.decide(user_code, state, authorization=authorization, now=self._now()):
            raise OAuthError("invalid_grant", "the device no longer waits: begin again there")

    def redeem(self, device_code: str, *, client_id: str) -> str:
        """The authorization, once. Raises OAuthError with the words of RFC 8628, section 3.5; StoreError."""
        kept, now = digest(device_code), self._now()
        device = self._store.find(kept)
        if device is None or read_asked(device.content).client_id != client_id:
            raise OAuthError("invalid_grant", "there is no such device code")
        if now >= device.expires:
            raise OAuthError("expired_token", "nobody signed in in time: begin again")
        if device.state is DeviceState.DENIED:
            raise OAuthError("access_denied", "the person did not allow it")
        if device.state is DeviceState.WAITING:
            soon = device.asked is not None and now - device.asked < timedelta(seconds=device.interval)
            interval = device.interval + INTERVAL * soon
            self._store.asked(kept, at=now, interval=interval)
            if soon:
                raise OAuthError("slow_down", f"ask every {interval} seconds")
            raise OAuthError("authorization_pending", "nobody has signed in yet")
        if device.authorization is None or not self._store.use(kept):
            raise OAuthError("invalid_grant", "the device code was used before")
        return device.authorization


def shown(user_code: str) -> str:
    """In two halves."""
    return f"{user_code[: _LENGTH // 2]}-{user_code[_LENGTH // 2 :]}"


def _read(typed: str) -> str:
    """As people type it: in small letters, with or without the dash (section 6.1)."""
    return "".join(letter for letter in typed.upper() if letter in _LETTERS)[: _LENGTH + 1]


def _user_code() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
