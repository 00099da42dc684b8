import pytest

from passgate.codecs.postgres.cancellation import CancelRequest
from passgate.endpoints.postgres.cancellation import CancelKeys


class Session:
    def __init__(self) -> None:
        self.cancelled = 0

    async def cancel(self) -> None:
        self.cancelled += 1


@pytest.mark.parametrize(("minor", "length"), [(0, 4), (2, 32)])
async def test_a_key_opens_its_own_session_only(minor: int, length: int) -> None:
    keys, mine, other = CancelKeys(), Session(), Session()
    told, foreign = keys.issue(minor, mine.cancel), keys.issue(minor, other.cancel)
    assert len(told.key) == length
    assert told.process_id != foreign.process_id
    assert repr(told.key) not in repr(keys.__dict__["_entries"])
    assert not await keys.use(CancelRequest(process_id=foreign.process_id, key=told.key))
    assert not await keys.use(CancelRequest(process_id=told.process_id, key=b"\0" * length))
    assert not await keys.use(CancelRequest(process_id=0, key=told.key))
    assert (mine.cancelled, other.cancelled) == (0, 0)
    assert await keys.use(CancelRequest(process_id=told.process_id, key=told.key))
    assert (mine.cancelled, other.cancelled) == (1, 0)
    keys.withdraw(told.process_id)
    keys.withdraw(told.process_id)
    assert not await keys.use(CancelRequest(process_id=told.process_id, key=told.key))


async def test_a_process_id_is_never_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter([4, 4, 9])
    monkeypatch.setattr("secrets.randbelow", lambda _most: next(numbers))
    keys = CancelKeys()
    assert keys.issue(0, Session().cancel).process_id == 5
    assert keys.issue(0, Session().cancel).process_id == 10
