"""Prompts that must not pass as they are, and prompts that must: the reference policy's verdict, through the real detectors.

No key that could be real stands in ``llm.jsonl``: what vendors' keys look like is filled in at random, from the table that the
detectors are tested with.
"""

from functools import cache
from pathlib import Path
from random import Random

import pytest

from passgate.cli.policy_context import Context, build_context
from passgate.core.decision import Mask
from passgate.core.finding import FindingClass
from passgate.policy.cases import Case, Expected, read_cases
from passgate.policy.cases.runner import KINDS, Found, run_case
from passgate.policy.evaluator import ERROR, RulePolicy
from tests.unit.masking.detectors.test_detector import clean, examples, filled

CASES = read_cases((Path(__file__).parent / "llm.jsonl").read_text("utf-8"))
PACKS = ("p-ref", "llm-safe")
LOOK_ALIKES = [text for text in clean() if text.strip()]
FRAMES = (
    "Please debug this: {}",
    "```python\nvalue = 1\n# {}\n```",
    "tool result: {}",
    "line one\r\n{}\r\nline three",
    "Übersetze bitte: „{}“",
)


@cache
def context(pack: str) -> Context:
    return build_context(
        policies=(),
        packs=(pack,),
        reference=True,
        schema=None,
        resource=None,
        config=Path("none.yaml"),
        who="agent:case",
        on_behalf_of="ann@example.com",
        groups=(),
        labels=(),
        prompt=True,
    )


def come_of(text: str, pack: str) -> Found:
    here = context(pack)
    case = Case(id="", kind="llm", text=text, expected=Expected.ALLOW)
    return run_case(case, KINDS["llm"], here.prompts, policy(pack), here.session)


def policy(pack: str) -> RulePolicy:
    return context(pack).policy


@cache
def kinds() -> dict[str, FindingClass]:
    """The class of each type that a detector knows."""
    from passgate.masking import open_detector

    return {type_: class_ for class_, type_ in open_detector(engine="literals").types}


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_is_expected_comes_of_it(case: Case, pack: str) -> None:
    found = come_of(case.text, pack)
    assert found.verdict is case.expected, f"{found.rule}: {found.reason}"
    assert found.rule != ERROR


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("frame", FRAMES)
def test_every_type_that_is_known_is_stopped_wherever_it_stands(frame: str, pack: str) -> None:
    wrong: list[object] = []
    for label, template in examples():
        sample = filled(template, Random(template)).replace("«", "").replace("»", "")
        expected = Expected.DENY if kinds()[label] is FindingClass.SECRET else Expected.MASK
        found = come_of(frame.format(sample), pack)
        if found.verdict is not expected:
            wrong.append((label, sample, found.verdict, found.rule))
    assert wrong == []


@pytest.mark.parametrize("pack", PACKS)
def test_what_only_looks_like_it_passes_as_it_is(pack: str) -> None:
    wrong = {text: found for text in LOOK_ALIKES if (found := come_of(text, pack)).verdict is not Expected.ALLOW}
    assert wrong == {}


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("case", [case for case in CASES if case.expected is Expected.DENY], ids=lambda case: case.id)
def test_a_refusal_tells_the_type_and_the_part_and_never_the_value(case: Case, pack: str) -> None:
    here = context(pack)
    (action,) = here.understand(case.text, None).actions
    decision = here.policy.decide(action, here.session)
    assert action.findings
    secrets = [f for f in action.findings if f.class_ is FindingClass.SECRET]
    assert all(f.type in decision.hint for f in secrets[:6])
    told = decision.reason + decision.hint
    for span in here.prompts.find(case.text.encode()):
        value = case.text.encode()[span.start : span.end].decode()
        assert value not in told or value.lower() == "password"


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("case", [case for case in CASES if case.expected is Expected.MASK], ids=lambda case: case.id)
def test_a_mask_covers_every_finding(case: Case, pack: str) -> None:
    here = context(pack)
    (action,) = here.understand(case.text, None).actions
    decision = here.policy.decide(action, here.session)
    masked = {
        (o.column.namespace, o.column.object, o.column.column) for o in decision.obligations if isinstance(o, Mask)
    }
    assert masked == {(f.class_, f.type, f.field) for f in action.findings or ()}
    assert masked
