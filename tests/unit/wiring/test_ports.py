"""Whether the addresses of a configuration can be had."""

import errno
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from passgate.config.loading import load_settings
from passgate.config.settings import Settings
from passgate.core.errors import ConfigError
from passgate.testing.postgres import free_port
from passgate.wiring.ports import Place, check_ports, places, trouble


def configured(folder: Path, *ports: int, address: str = "127.0.0.1", metrics: int | None = None) -> Settings:
    listeners = "".join(f"- {{kind: postgres, address: '{address}', port: {port}}}\n" for port in ports)
    more = "" if metrics is None else f"telemetry: {{metrics: {{port: {metrics}}}}}\n"
    (folder / "passgate.yaml").write_text(
        f"state: ./state\n{more}listeners:\n{listeners}"
        "resources:\n  shop: {kind: postgres, upstream: {host: h, database: d, user: u, credential: {env: X}}}\n"
    )
    return load_settings(folder / "passgate.yaml")


@pytest.fixture(params=[False, True], ids=["alone", "shared with workers"])
def taken(request: pytest.FixtureRequest) -> Iterator[int]:
    """Also by a gate with several workers, whose port the system would let us share."""
    with socket.socket() as other:
        if request.param:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_free_ports_are_no_trouble(tmp_path: Path) -> None:
    settings = configured(tmp_path, free_port(), free_port(), metrics=free_port())
    check_ports(settings, workers=1)
    assert [place.setting for place in places(settings)] == ["listeners.0", "listeners.1", "telemetry.metrics"]


def test_a_taken_port_is_named_with_its_listener_and_a_remedy(tmp_path: Path, taken: int) -> None:
    """The class: whatever listens, whichever listener of ours it is, and however the other one shares."""
    for ports, metrics, named in (
        ((taken,), None, f"postgres cannot listen on 127.0.0.1 port {taken}: Address already in use. Another program"),
        ((free_port(), taken), None, "give listeners.1 another port"),
        ((free_port(),), taken, f"metrics cannot listen on 127.0.0.1 port {taken}"),
    ):
        with pytest.raises(ConfigError, match=named.replace(".", r"\.")):
            check_ports(configured(tmp_path, *ports, metrics=metrics), workers=2)


def test_every_workers_metrics_are_looked_at(tmp_path: Path, taken: int) -> None:
    settings = configured(tmp_path, free_port(), metrics=taken - 1)
    assert [place.port for place in places(settings, workers=2)][1:] == [taken - 1, taken]


def test_an_address_of_another_machine(tmp_path: Path) -> None:
    (place,) = places(configured(tmp_path, free_port(), address="192.0.2.1"))
    found = trouble(place)
    assert found is not None
    assert found.errno == errno.EADDRNOTAVAIL
    assert "It is no address of this machine: give listeners.0 one that is" in str(place.failed(found))


def test_other_reasons_are_said_as_the_system_says_them() -> None:
    place = Place(setting="listeners.0", what="http", address="127.0.0.1", port=80)
    assert "1024 or more" in str(place.failed(PermissionError(errno.EACCES, "x")))
    assert str(place.failed(OSError("odd"))) == "http cannot listen on 127.0.0.1 port 80: odd. See listeners.0"
