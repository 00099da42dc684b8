"""The names of all settings."""

from passgate.config.llm import LlmResource
from passgate.config.outline import fields, inner_models, setting_names
from passgate.config.postgres import PostgresResource
from passgate.config.settings import Limits, Settings


def test_names_of_settings_go_into_lists_and_mappings() -> None:
    names = setting_names()
    assert "listeners[].tls.certificate" in names
    assert "resources.<name>.upstream.credential.env" in names
    assert "ledger.recording.per_session" in names
    assert len(names) == len(set(names))
    assert not [name for name in names if name.endswith(".")]


def test_settings_of_every_kind_are_named_once() -> None:
    names = setting_names()
    assert "resources.<name>.upstream.host" in names
    assert "resources.<name>.upstream.url" in names
    assert names.count("resources.<name>.upstream.tls.ca") == 1
    assert "resources.<name>.prices.<name>.input" in names


def test_what_lies_below_a_setting_and_how_one_steps_into_it() -> None:
    settings = Settings.model_fields
    assert inner_models([settings["limits"].annotation]) == ((Limits,), "")
    assert inner_models([settings["state"].annotation]) == ((), "")
    assert inner_models([settings["resources"].annotation]) == ((PostgresResource, LlmResource), ".<name>")
    assert inner_models([tuple[Limits, ...] | None]) == ((Limits,), "[]")
    assert inner_models([str | None]) == ((), "")


def test_a_key_of_two_kinds_has_an_annotation_in_each() -> None:
    both = fields((PostgresResource, LlmResource))
    assert len(both["upstream"]) == 2
    assert len(both["catalog"]) == 1
