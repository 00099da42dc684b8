from passgate.languages.sql.tree import items, qualified, unwrap, words


def test_unwrap() -> None:
    assert unwrap({"SelectStmt": {"op": 1}}) == ("SelectStmt", {"op": 1})
    assert unwrap({}) == ("", {})


def test_items_of_a_list_a_wrapped_list_and_nothing() -> None:
    assert items([{"A": {}}]) == [{"A": {}}]
    assert items({"List": {"items": [{"A": {}}]}}) == [{"A": {}}]
    assert items({"items": [{"A": {}}]}) == [{"A": {}}]
    assert items({"List": {}}) == []
    assert items(None) == []
    assert items("text") == []


def test_words_skip_what_is_no_string() -> None:
    assert words([{"String": {"sval": "a"}}, {"A_Star": {}}, {"String": {}}]) == ("a", "")


def test_qualified_names() -> None:
    assert qualified(("db", "s", "t")) == ("s", "t")
    assert qualified(("s", "t")) == ("s", "t")
    assert qualified(("t",)) == ("", "t")
    assert qualified(()) == ("", "")
