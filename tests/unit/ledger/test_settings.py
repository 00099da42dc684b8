"""Names that other parties see."""

from passgate.ledger.settings import Durability, LedgerSettings


def test_each_worker_has_a_log_and_an_origin_of_its_own() -> None:
    settings = LedgerSettings(org="acme", node="eu-1", worker=2)
    assert (settings.log_name, settings.origin) == ("eu-1-w2", "audit.acme/eu-1-w2")


def test_the_default_is_durable() -> None:
    assert LedgerSettings().durability is Durability.FSYNC
