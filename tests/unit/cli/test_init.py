"""``passgate init``."""

import os
import ssl
import stat
from pathlib import Path

import pytest

from passgate.config.loading import load_settings
from passgate.core.errors import ConfigError
from tests.unit.cli.conftest import Passgate


@pytest.fixture
def made(passgate: Passgate, folder: Path) -> Path:
    result = passgate("init", "--dir", "gate", "--hostname", "gate.example.com")
    assert result.code == 0, result.err
    return folder / "gate"


def test_the_configuration_it_makes_is_good(made: Path, passgate: Passgate) -> None:
    settings = load_settings(made / "passgate.yaml")
    assert settings.state == made / "state"
    assert list(settings.resources) == ["shop"]
    checked = passgate("config", "check", "--config", "gate/passgate.yaml")
    assert checked.code == 0
    assert checked.out.startswith("gate/passgate.yaml: good\n")


def test_what_it_makes_is_the_owners_only(made: Path) -> None:
    modes = {
        p.relative_to(made / "state").as_posix(): stat.S_IMODE(p.stat().st_mode) for p in (made / "state").rglob("*")
    }
    assert modes["tls"] == 0o700
    assert modes["tls/ca.key"] == modes["tls/server.key"] == 0o600


def test_its_certificate_belongs_to_its_key_and_names_the_gate(made: Path) -> None:
    tls = made / "state" / "tls"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls / "server.crt", tls / "server.key")
    context.load_verify_locations(tls / "ca.crt")
    from cryptography import x509

    extensions = x509.load_pem_x509_certificate((tls / "server.crt").read_bytes()).extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"localhost", "gate.example.com"} <= set(names.get_values_for_type(x509.DNSName))
    assert {"127.0.0.1", "::1"} == {str(ip) for ip in names.get_values_for_type(x509.IPAddress)}


def test_it_says_what_to_do_next(passgate: Passgate, folder: Path) -> None:
    out = passgate("init", "--dir", "gate").out
    for step in ("passgate config check", "passgate serve", "passgate pass issue"):
        assert step in out
    assert str(folder / "gate" / "state" / "tls" / "ca.crt") in out


def test_nothing_is_written_over(made: Path, passgate: Passgate) -> None:
    (made / "passgate.yaml").write_text("mine")
    result = passgate("init", "--dir", "gate")
    assert result.code == 2
    assert "already: it is left as it is" in result.err
    assert (made / "passgate.yaml").read_text() == "mine"


def test_a_ca_that_clients_trust_is_kept(made: Path, passgate: Passgate) -> None:
    before = (made / "state" / "tls" / "ca.crt").read_bytes()
    (made / "passgate.yaml").unlink()
    result = passgate("init", "--dir", "gate")
    assert result.code == 0
    assert "ca.crt (was there already)" in result.out
    assert (made / "state" / "tls" / "ca.crt").read_bytes() == before


def test_half_a_ca_is_not_mended_silently(made: Path, passgate: Passgate) -> None:
    (made / "passgate.yaml").unlink()
    (made / "state" / "tls" / "server.crt").unlink()
    result = passgate("init", "--dir", "gate")
    assert result.code == 2
    assert "ca.key cannot be made: File exists" in result.err
    assert not (made / "passgate.yaml").exists()


def test_a_folder_in_the_way(passgate: Passgate, folder: Path) -> None:
    (folder / "gate").write_text("")
    result = passgate("init", "--dir", "gate")
    assert result.code == 2
    assert "cannot be made: Not a directory" in result.err
    assert isinstance(ConfigError(result.err), Exception)
    assert os.listdir(folder).count("gate") == 1
