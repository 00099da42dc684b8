import pytest

from passgate.codecs.llm import ungoverned as module
from passgate.codecs.llm.ungoverned import ungoverned


def test_what_is_named_is_refused_and_named_once() -> None:
    routes = ungoverned()
    assert "POST /v1/images/generations" in routes
    assert len(set(routes)) == len(routes) > 20


def test_a_path_that_is_governed_is_never_called_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PUBLISHED", "POST /v1/messages\nGET /v1/models/{id}\nPOST /v1/none\n")
    assert ungoverned() == ("POST /v1/none",)
