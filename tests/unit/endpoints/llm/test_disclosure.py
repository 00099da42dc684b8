"""What a request would disclose."""

from dataclasses import replace

import orjson
import pytest

from passgate.codecs.llm.fields import read_call
from passgate.codecs.llm.refusal import Cause
from passgate.core.errors import DetectorError
from passgate.core.finding import Field, Finding, FindingClass
from passgate.core.text_plan import LanePlan, TextPlan
from passgate.endpoints.llm.disclosure import Disclosure
from passgate.endpoints.llm.refused import RefusedError
from tests.unit.endpoints.llm.parts import CHAT, WordMasker, call, said

MASKER = WordMasker()
PASSING = TextPlan(lanes={Field.USER: LanePlan(passed=frozenset({"EMAIL", "KEY"}))})


def test_findings_are_counted_by_class_type_and_field() -> None:
    found = Disclosure.of(call("a@b.cd and c@d.ef", "nothing", "sk-1 a@b.cd"), MASKER)
    assert set(found.findings) == {
        Finding(class_=FindingClass.PII, type="EMAIL", field=Field.USER, count=3),
        Finding(class_=FindingClass.SECRET, type="KEY", field=Field.USER, count=1),
    }
    assert [len(spans) for _, spans in found.spans] == [2, 2]


def test_a_plan_masks_what_it_masks_and_nothing_else() -> None:
    asked = call("a@b.cd", "sk-1 x")
    found = Disclosure.of(asked, MASKER)
    body, counts = found.masked(MASKER, TextPlan())
    assert (said(body), counts) == (["[EMAIL]", "[KEY] x"], {"EMAIL": 1, "KEY": 1})
    keys = TextPlan(lanes={Field.USER: LanePlan(passed=frozenset({"EMAIL"}))})
    body, counts = found.masked(MASKER, keys)
    assert (said(body), counts) == (["a@b.cd", "[KEY] x"], {"KEY": 1})
    body, counts = found.masked(MASKER, PASSING)
    assert body is asked.body
    assert counts == {}


def test_what_cannot_be_edited_is_refused_only_where_it_must_be() -> None:
    found = Disclosure.of(call("x", query="to=a@b.cd"), MASKER)
    with pytest.raises(RefusedError) as caught:
        found.masked(MASKER, TextPlan())
    assert caught.value.refusal.cause is Cause.POLICY
    assert "a@b.cd" not in str(caught.value)
    assert "EMAIL" in str(caught.value)
    passing = TextPlan(lanes={Field.METADATA: LanePlan(passed=frozenset({"EMAIL"}))})
    assert said(found.masked(MASKER, passing)[0]) == ["x"]
    assert found.redacted(MASKER) is None


def test_the_recording_gets_everything_redacted() -> None:
    assert said(Disclosure.of(call("a@b.cd"), MASKER).redacted(MASKER) or b"") == ["[EMAIL]"]


def test_a_name_in_which_something_was_found_is_no_name_for_records() -> None:
    named = replace(call("x"), model="a@b.cd")
    assert Disclosure.of(named, MASKER).call.model == "a@b.cd"
    body = orjson.dumps({"model": "a@b.cd", "messages": []})
    assert Disclosure.of(read_call(CHAT, body, {}), MASKER).call.model == "?"


def test_a_detector_that_fails_is_told() -> None:
    with pytest.raises(DetectorError):
        Disclosure.of(call("boom"), MASKER)
