"""The names of all settings."""

from passgate.config.outline import inner_model, setting_names
from passgate.config.settings import Limits, Settings


def test_names_of_settings_go_into_lists_and_mappings() -> None:
    names = setting_names()
    assert "listeners[].tls.certificate" in names
    assert "resources.<name>.upstream.credential.env" in names
    assert "ledger.recording.per_session" in names
    assert len(names) == len(set(names))
    assert not [name for name in names if name.endswith(".")]


def test_what_lies_below_a_setting_and_how_one_steps_into_it() -> None:
    fields = Settings.model_fields
    assert inner_model(fields["limits"].annotation) == (Limits, "")
    assert inner_model(fields["state"].annotation) == (None, "")
    below, marker = inner_model(fields["resources"].annotation)
    assert below is not None
    assert (below.__name__, marker) == ("Resource", ".<name>")
    assert inner_model(tuple[Limits, ...] | None) == (Limits, "[]")
    assert inner_model(str | None) == (None, "")
