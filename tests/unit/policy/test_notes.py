from passgate.policy.bundle import load_text


def notes(rules: str) -> list[str]:
    return [problem.message for problem in load_text(f"rules:\n{rules}").notes]


GRANT = "- {id: own, when: \"verb in ['select'] && object.name == 'orders'\", then: allow}\n"


def test_a_rule_under_a_wider_and_stricter_one_never_decides() -> None:
    for when in ("true", "verb in ['select', 'insert']", "object.name != 'payments'", "object.name == 'orders'"):
        found = notes(f'{GRANT}- {{id: wide, when: "{when}", then: deny}}\n')
        assert found == ["rule own never decides: wide (policy.yaml:3:3) denies whatever it matches"], when


def test_a_rule_that_still_decides_is_not_named() -> None:
    for other in (
        "{id: o, when: \"verb == 'insert'\", then: deny}",
        "{id: o, when: \"verb == 'select' && key_pinned\", then: deny}",
        "{id: o, when: 'true', then: allow}",
        "{id: o, when: 'true', then: {max_rows: 5}}",
    ):
        assert notes(f"{GRANT}- {other}\n") == []


def test_tags_that_nobody_sets_and_schemas_in_names() -> None:
    asked = "- {id: a, when: \"'sensitive-reed' in session.tags\", then: deny}\n"
    assert notes(asked) == ["rule a asks for the tag 'sensitive-reed', which no rule sets"]
    assert notes(asked + "- {id: b, when: 'key_pinned', then: {tag: sensitive-reed}}\n") == []
    assert notes(asked.replace("reed", "read")) == []
    dotted = "- {id: a, when: \"object.kind == 'relation' && object.name == 'public.orders'\", then: deny}\n"
    assert notes(dotted) == ["rule a asks for an object named 'public.orders': a name has no schema in it"]
    assert notes("- {id: a, when: \"object.kind == 'model' && object.name == 'gpt-4.1'\", then: deny}\n") == []


def test_a_rule_that_is_switched_off_is_named() -> None:
    assert notes("- {id: a, when: 'false', then: deny}\n- {id: b, when: 'true', then: deny}\n") == [
        "rule a is switched off"
    ]


def test_packs_leave_room_and_have_no_notes() -> None:
    assert load_text("packs: [postgres-safe, llm-safe, session-facts, p-ref]\n").notes == ()
