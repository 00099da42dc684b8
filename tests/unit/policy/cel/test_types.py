from passgate.policy.cel.types import (
    BOOL,
    INT,
    NOTHING,
    STRING,
    ListType,
    MapType,
    SetType,
    StringType,
    Type,
    join,
    same,
)


def test_names_are_shown_with_their_items() -> None:
    assert [str(t) for t in (BOOL, ListType(STRING), SetType(INT), MapType(ListType(INT)))] == [
        "bool",
        "list<string>",
        "set<int>",
        "map<list<int>>",
    ]


def test_an_empty_list_goes_with_every_list() -> None:
    assert same(ListType(NOTHING), ListType(INT))
    assert same(ListType(ListType(NOTHING)), ListType(ListType(STRING)))
    assert not same(ListType(INT), ListType(STRING))
    assert not same(ListType(INT), SetType(INT))
    assert not same(INT, STRING)


def test_joining() -> None:
    few, others = StringType(values=frozenset({"a"})), StringType(values=frozenset({"b"}))
    assert join(few, others) == StringType(values=frozenset({"a", "b"}))
    assert join(few, STRING) == STRING
    assert join(NOTHING, INT) == INT
    assert join(ListType(NOTHING), ListType(INT)) == ListType(INT)
    assert join(INT, STRING) is None
    assert join(ListType(ListType(INT)), ListType(ListType(STRING))) is None
    assert join(Type("bool"), BOOL) == BOOL
