"""Cancel keys of the gate's own: a client never learns the server's, and can cancel nothing but its own session."""

import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from passgate.codecs.postgres.cancellation import BackendKeyData, CancelRequest

_SHORT = 4  # bytes of a key in protocol 3.0
_LONG = 32  # in 3.2, as PostgreSQL 18 gives out
_LONG_SINCE = 2  # minor version


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    key: bytes = field(repr=False)
    cancel: Callable[[], Awaitable[None]]


class CancelKeys:
    """Every session of this process by the process id that its client was told."""

    def __init__(self) -> None:
        self._entries: dict[int, _Entry] = {}
        self._nobody = secrets.token_bytes(_LONG)

    def issue(self, minor: int, cancel: Callable[[], Awaitable[None]]) -> BackendKeyData:
        """A new key; ``cancel`` is called when a CancelRequest shows it."""
        process_id = secrets.randbelow(2**31 - 1) + 1
        while process_id in self._entries:
            process_id = secrets.randbelow(2**31 - 1) + 1
        key = secrets.token_bytes(_LONG if minor >= _LONG_SINCE else _SHORT)
        self._entries[process_id] = _Entry(key=key, cancel=cancel)
        return BackendKeyData(process_id=process_id, key=key)

    def withdraw(self, process_id: int) -> None:
        self._entries.pop(process_id, None)

    async def use(self, request: CancelRequest) -> bool:
        """Cancel what the request names; False if its key is not the one. The comparison takes the same time either way.

        Done when the server has been told: until then a client could start what the cancel would hit instead.
        """
        entry = self._entries.get(request.process_id)
        same = hmac.compare_digest(entry.key if entry is not None else self._nobody, request.key)
        if entry is None or not same:
            return False
        await entry.cancel()
        return True
