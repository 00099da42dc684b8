"""One worker's end of the others' admin sockets."""

import asyncio
import logging
from pathlib import Path

from passgate.api.messages import CancelStatement, StatementCancelled, decode_answer, encode
from passgate.core.errors import RemoteProtocolError

_LOG = logging.getLogger(__name__)

_SECONDS = 2.0
"""A cancel that takes longer than its statement is of no use."""


class Siblings:
    """The other workers of the gate whose own socket is ``own``: ``node-0.sock`` beside ``node-1.sock``."""

    def __init__(self, own: Path) -> None:
        self._own = own

    async def cancel(self, process_id: int, key: bytes) -> bool:
        """Hand a cancel request to whoever gave out its key. The kernel deals connections to workers as it likes."""
        request = encode(CancelStatement(process_id=process_id, key=key.hex()))
        node = self._own.stem.rpartition("-")[0]
        others = [path for path in self._own.parent.glob(f"{node}-*.sock") if path != self._own]
        return any(await asyncio.gather(*(_cancelled(path, request) for path in others)))


async def _cancelled(path: Path, request: bytes) -> bool:
    try:
        async with asyncio.timeout(_SECONDS):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                writer.write(request)
                answer = decode_answer(await reader.readline())
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError, RemoteProtocolError) as error:
        _LOG.warning("worker %s could not be asked to cancel: %s", path.stem, type(error).__name__)
        return False
    return isinstance(answer, StatementCancelled) and answer.found
