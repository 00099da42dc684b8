import pytest

from passgate.codecs.llm.answers.frame import list_of, number_of, object_of, text_of


@pytest.mark.parametrize("odd", [None, True, 1.5, ()])
def test_what_is_of_another_kind_is_nothing(odd):
    assert object_of(odd) == {}
    assert list(list_of(odd)) == []
    assert text_of(odd) == ""
    assert number_of(odd) is None


def test_what_is_of_the_kind_is_itself():
    assert object_of({"a": 1}) == {"a": 1}
    assert list_of([1]) == [1]
    assert text_of("a") == "a"
    assert number_of(0) == 0
