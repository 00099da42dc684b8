"""Work that nobody waits for stops, and no other does."""

import threading

import pytest

from passgate.core.abandoning import go_on, until
from passgate.core.errors import AbandonedError


def test_what_is_waited_for_goes_on() -> None:
    go_on()
    with until(threading.Event()):
        go_on()


def test_what_is_abandoned_stops_and_what_comes_next_does_not() -> None:
    abandoned = threading.Event()
    with until(abandoned):
        go_on()
        abandoned.set()
        with pytest.raises(AbandonedError):
            go_on()
    go_on()


def test_it_is_said_of_one_thread_only() -> None:
    abandoned = threading.Event()
    abandoned.set()
    went_on: list[bool] = []
    with until(abandoned):
        other = threading.Thread(target=lambda: (go_on(), went_on.append(True)))
        other.start()
        other.join()
    assert went_on == [True]
