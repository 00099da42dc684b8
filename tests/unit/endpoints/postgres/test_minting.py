"""Sessions' own roles that a crash left behind. At a real server: tests/integration/test_minting.py."""

from collections.abc import Sequence

import pytest

from passgate.core.errors import TargetUnavailableError
from passgate.endpoints.postgres import Minter, Upstream
from passgate.endpoints.postgres.minting import Known

LEFT = ("passgate_a", "passgate_b", "passgate_c")


class Server:
    """``stuck``: roles on which something hangs in another database, which this connection cannot see."""

    def __init__(self, *stuck: str) -> None:
        self.stuck = stuck
        self.asked: list[str] = []

    async def __call__(self, text: str) -> Sequence[Sequence[str | None]]:
        self.asked.append(text)
        if "pg_roles" in text:
            return [(name,) for name in LEFT]
        if any(f'DROP ROLE "{name}"' in text for name in self.stuck):
            raise TargetUnavailableError("2BP01: role cannot be dropped because some objects depend on it")
        return []


def minter(server: Server, monkeypatch: pytest.MonkeyPatch) -> Minter:
    upstream = Upstream(host="db", port=5432, database="shop", user="minter", credential=Known(text="x"))
    found = Minter(upstream, {})
    monkeypatch.setattr(found, "_server", server)
    return found


async def test_a_role_that_cannot_be_dropped_keeps_no_other_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Else whoever has one thing made in another database keeps every role that any crash leaves behind, for ever."""
    server = Server("passgate_a")
    assert await minter(server, monkeypatch).sweep() == ["passgate_b", "passgate_c"]
    assert "passgate_a cannot be dropped" in caplog.text


async def test_that_none_can_be_dropped_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TargetUnavailableError, match="depend on it"):
        await minter(Server(*LEFT), monkeypatch).sweep()
