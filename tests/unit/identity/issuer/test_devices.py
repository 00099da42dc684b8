"""Device codes and the short codes that people type."""

from dataclasses import replace
from datetime import timedelta

import pytest

from passgate.core.authorization import DeviceState
from passgate.core.errors import OAuthError, StoreError
from passgate.identity.issuer.asked import Asked
from passgate.identity.issuer.devices import INTERVAL, LIFETIME, shown
from passgate.pipeline.issuing import Device
from tests.unit.identity.issuer.house import READ, House

ASKED = Asked(client_id="editor", verbs=READ, resources=frozenset(), api=False)


def begun(house: House) -> Device:
    return house.devices.begin(ASKED)


def refused(house: House, device: Device, client_id: str = "editor") -> str:
    with pytest.raises(OAuthError) as caught:
        house.devices.redeem(device.device_code, client_id=client_id)
    return caught.value.code


def test_two_codes_one_for_machines_and_one_for_people(house: House) -> None:
    device = begun(house)
    assert (device.expires_in, device.interval) == (600, 5)
    assert len(device.device_code) == 43
    left, dash, right = device.user_code.partition("-")
    assert (len(left), dash, len(right)) == (4, "-", 4)
    assert set(left + right) <= set("BCDFGHJKLMNPQRSTVWXZ")
    assert device.device_code not in repr(device)


@pytest.mark.parametrize("typed", ["{}", " {} ", "lower", "nodash", "dots"])
def test_a_code_is_read_as_people_type_it(house: House, typed: str) -> None:
    code = begun(house).user_code
    words = {"lower": code.lower(), "nodash": code.replace("-", ""), "dots": code.replace("-", ".")}
    found = house.devices.waiting(words.get(typed) or typed.format(code))
    assert (found.client_id, shown(found.user_code)) == ("editor", code)


@pytest.mark.parametrize("typed", ["", "BBBB-BBBB", "x" * 500, "aeiou"])
def test_a_code_that_nobody_waits_with(house: House, typed: str) -> None:
    begun(house)
    with pytest.raises(OAuthError, match="no device waits"):
        house.devices.waiting(typed)


def test_who_asks_too_often_is_slowed_down(house: House) -> None:
    device = begun(house)
    assert refused(house, device) == "authorization_pending"
    house.clock.advance(INTERVAL - 1)
    assert refused(house, device) == "slow_down"
    house.clock.advance(INTERVAL)
    assert refused(house, device) == "slow_down"
    house.clock.advance(3 * INTERVAL)
    assert refused(house, device) == "authorization_pending"


def test_another_client_and_made_up_codes(house: House) -> None:
    device = begun(house)
    assert refused(house, device, "other") == "invalid_grant"
    assert refused(house, replace(device, device_code="made-up")) == "invalid_grant"


def test_it_waits_for_ten_minutes(house: House) -> None:
    device = begun(house)
    house.clock.advance(LIFETIME.total_seconds())
    assert refused(house, device) == "expired_token"
    with pytest.raises(OAuthError, match="no device waits"):
        house.devices.waiting(device.user_code)
    with pytest.raises(OAuthError, match="no longer waits"):
        house.devices.decide(device.user_code.replace("-", ""), DeviceState.ALLOWED, authorization="a")


def test_it_is_decided_once_and_used_once(house: House) -> None:
    device = begun(house)
    code = device.user_code.replace("-", "")
    house.devices.decide(code, DeviceState.ALLOWED, authorization="a1")
    with pytest.raises(OAuthError, match="no longer waits"):
        house.devices.decide(code, DeviceState.DENIED, authorization=None)
    assert house.devices.redeem(device.device_code, client_id="editor") == "a1"
    assert refused(house, device) == "invalid_grant"


def test_codes_that_are_taken_are_not_given_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passgate.identity.issuer.devices._user_code", lambda: "BBBBBBBB")
    begun(house)
    with pytest.raises(StoreError, match="No user code"):
        begun(house)
    house.clock.time += LIFETIME + timedelta(seconds=1)
    assert begun(house).user_code == "BBBB-BBBB"
