"""No address fills the door."""

import pytest

from passgate.core.event import Json
from passgate.endpoints.doorway import Doorway, Knock, Standing


class Door:
    """A gate whose places are all at the door or taken by sessions."""

    def __init__(self, places: int, share: int = 50) -> None:
        self.now = 0.0
        self.noted: list[dict[str, Json]] = []
        self.sessions = 0
        self.open: list[Knock] = []
        self.door = Doorway(
            places=places, share=share, note=lambda it: self.noted.append(dict(it)), clock=lambda: self.now
        )

    def knock(self, address: str) -> Standing:
        knock = self.door.knock(address, taken=self.sessions + len(self.open))
        if knock.standing is not Standing.OUT:
            self.open.append(knock)
        return knock.standing

    def log_in(self) -> None:
        """All that are in the doorway."""
        for knock in self.open:
            knock.leave()
        self.sessions += len(self.open)
        self.open = []


def test_one_address_gets_half_and_the_next_half_of_the_rest() -> None:
    gate = Door(2000)
    first = [gate.knock("192.0.2.1") for _ in range(3000)]
    assert (first.count(Standing.IN), first.count(Standing.CROWDED)) == (1000, 8)
    second = [gate.knock("192.0.2.2") for _ in range(3000)]
    assert second.count(Standing.IN) == 496
    assert gate.knock("192.0.2.3") is Standing.IN


def test_a_thousand_sessions_of_one_address_log_in_at_once_or_in_bursts() -> None:
    """As behind a proxy: whoever has logged in is no crowd."""
    gate = Door(2000)
    assert {gate.knock("192.0.2.1") for _ in range(1000)} == {Standing.IN}
    gate.log_in()
    for _ in range(9):
        assert {gate.knock("192.0.2.1") for _ in range(100)} == {Standing.IN}
        gate.log_in()
    assert gate.sessions == 1900
    assert not gate.noted


@pytest.mark.parametrize("taken", [0, 1500])
def test_there_is_always_room_for_another_whatever_sessions_there_are(taken: int) -> None:
    gate = Door(2000)
    gate.sessions = taken
    while gate.knock("192.0.2.1") is not Standing.OUT:
        pass
    assert len(gate.open) <= (2000 - taken) // 2 + 8
    assert gate.knock("2001:db8::1") is Standing.IN


def test_all_addresses_of_one_network_are_one() -> None:
    gate = Door(100)
    found = [gate.knock(f"2001:db8::{number:x}") for number in range(1, 100)]
    assert found.count(Standing.IN) == 50
    assert {one["peer"] for one in gate.noted} == {"2001:db8::/64"}


def test_one_event_and_not_one_for_each_connection() -> None:
    gate = Door(100)
    for _ in range(10_000):
        gate.knock("192.0.2.1")
    assert gate.noted == [{"bound": "login_share", "limit": 50, "peer": "192.0.2.1", "refused": 1}]
    gate.now = 61.0
    gate.knock("192.0.2.1")
    assert gate.noted[1:] == [{"bound": "login_share", "limit": 50, "peer": "192.0.2.1", "refused": 9950}]


def test_silence_is_written_down_once_too() -> None:
    gate = Door(100)
    for _ in range(500):
        gate.door.silent("192.0.2.1", 10.0)
    gate.now = 61.0
    gate.door.silent("192.0.2.1", 10.0)
    assert [(one["bound"], one["limit"], one["refused"]) for one in gate.noted] == [
        ("login_timeout", 10, 1),
        ("login_timeout", 10, 500),
    ]


def test_many_addresses_write_few_events_too() -> None:
    gate = Door(100_000, share=1)
    for number in range(200):
        for _ in range(1_100):
            gate.knock(f"192.0.2.{number}")
    assert len(gate.noted) == 10


def test_a_small_gate_still_takes_a_pool_and_a_full_one_answers_itself() -> None:
    gate = Door(4)
    assert {gate.knock("192.0.2.1") for _ in range(10)} == {Standing.IN}
    gate.log_in()
    assert gate.knock("192.0.2.1") is Standing.IN


def test_leaving_twice_frees_one_place_and_nothing_is_remembered() -> None:
    gate = Door(100)
    for _ in range(3):
        gate.knock("192.0.2.1")
    first = gate.open.pop()
    first.leave()
    first.leave()
    assert gate.door._waiting == {"192.0.2.1": 2}
    gate.log_in()
    assert gate.door._waiting == {}


def test_no_share() -> None:
    gate = Door(100, share=100)
    assert [gate.knock("192.0.2.1") for _ in range(100)].count(Standing.IN) == 100
