from passgate.core.moment import Moment, cut_text, verdict_text


def test_a_moment_as_json_has_what_its_kind_has() -> None:
    assert Moment(at=1.5, kind="end", text="ok", facts={"status": "ok"}).json() == {
        "at": "1.500000", "kind": "end", "text": "ok", "status": "ok",
    }  # fmt: skip
    result = Moment(at=0.0, kind="result", text="1 rows", columns=("a",), rows=((None,),)).json()
    assert (result["columns"], result["rows"]) == (["a"], [[None]])


def test_what_grew_lasts_until_its_last_piece() -> None:
    text = Moment(at=1.0, kind="text", text="ab", pieces=((1.0, "a"), (2.5, "b")))
    assert (text.until, Moment(at=1.0, kind="end", text="").until) == (2.5, 1.0)
    assert text.json()["pieces"] == [["1.000000", "a"], ["2.500000", "b"]]


def test_verdicts_and_cuts_in_words() -> None:
    assert verdict_text({"outcome": "deny", "rule": "r", "reason": "why", "hint": "what"}) == "deny by r; why; what"
    assert verdict_text({"outcome": "allow", "rule": "r", "reason": ""}) == "allow by r"
    assert cut_text({"session": 3, "lag": 2}) == "not stored, only hashed: 2 bytes (lag), 3 bytes (session)"
