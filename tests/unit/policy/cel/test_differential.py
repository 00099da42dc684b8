"""The same expressions through another implementation of CEL (the Rust one): the same value, or an error in both."""

from dataclasses import dataclass

import cel
from hypothesis import given, settings
from hypothesis import strategies as st

from passgate.policy.cel import BOOL, INT, STRING, EvaluationError, ListType, Type
from passgate.policy.cel.parser import MAX_MACRO_NESTING
from tests.unit.policy.cel.conditions import value_of

INT_MAX = 2**63 - 1
WORDS = ("", "a", "b", "prod", "Ünïcode", "a.b", "drop", "\\", "'")
KEYS = ("env", "team", "gone")


@dataclass(frozen=True)
class Text:
    """An expression; ``total`` says that it can never fail."""

    text: str
    total: bool


def literal(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


numbers = st.one_of(
    st.integers(-4, 4),
    st.sampled_from((INT_MAX, INT_MAX - 1, -INT_MAX, -INT_MAX - 1, 2**62, -(2**62))),
)
int_leaves = st.one_of(
    numbers.map(lambda n: Text(str(n), True)),
    # size() of a string is left out: the other implementation counts bytes where CEL counts code points.
    st.sampled_from((Text("n", True), Text("m", True), Text("size(words)", True), Text("words.size()", True))),
)
string_leaves = st.one_of(
    st.sampled_from(WORDS).map(lambda w: Text(literal(w), True)),
    st.sampled_from(
        (Text("name", True), Text("object.name", True), Text("labels.env", False), Text("labels['gone']", False))
    ),
)


def ints(children: st.SearchStrategy[Text]) -> st.SearchStrategy[Text]:
    arithmetic = st.tuples(children, st.sampled_from("+-*/%"), children).map(
        lambda t: Text(f"({t[0].text} {t[1]} {t[2].text})", False)
    )
    # The other implementation lets -(-2**63) wrap around, where CEL asks for an error; so what is negated is small.
    negated = children.map(lambda t: Text(f"-({t.text} % 1000)", False))
    return st.one_of(arithmetic, negated)


def strings(children: st.SearchStrategy[Text]) -> st.SearchStrategy[Text]:
    return st.tuples(children, children).map(lambda t: Text(f"({t[0].text} + {t[1].text})", t[0].total and t[1].total))


int_texts = st.recursive(int_leaves, ints, max_leaves=5)
string_texts = st.recursive(string_leaves, strings, max_leaves=3)


def paired(left: st.SearchStrategy[Text], operators: tuple[str, ...], form: str) -> st.SearchStrategy[Text]:
    return st.tuples(left, st.sampled_from(operators), left).map(
        lambda t: Text(form.format(t[0].text, t[1], t[2].text), t[0].total and t[2].total)
    )


COMPARED = ("==", "!=", "<", "<=", ">", ">=")
bool_leaves = st.one_of(
    st.sampled_from(
        (
            Text("true", True),
            Text("false", True),
            Text("flag", True),
            Text("('env' in labels)", True),
            Text("has(labels.team)", True),
            Text("('x' in words)", True),
            Text("(name in words)", True),
            Text("name.matches('^[a-d]+$')", True),
            Text("(n in [1, 2, m])", True),
        )
    ),
    paired(int_texts, COMPARED, "({} {} {})"),
    paired(string_texts, COMPARED, "({} {} {})"),
    paired(string_texts, ("startsWith", "endsWith", "contains"), "({}).{}({})"),
)


def bools(children: st.SearchStrategy[Text]) -> st.SearchStrategy[Text]:
    pair = st.tuples(children, st.sampled_from(("&&", "||", "==")), children).map(
        lambda t: Text(f"({t[0].text} {t[1]} {t[2].text})", t[0].total and t[2].total)
    )
    negated = children.map(lambda t: Text(f"!({t.text})", t.total))
    chosen = st.tuples(children, children, children).map(
        lambda t: Text(f"({t[0].text} ? {t[1].text} : {t[2].text})", all(part.total for part in t))
    )
    # The other implementation stops a macro at the first error; CEL, and ours, let a later item decide.
    total = children.map(lambda t: t if t.total and t.text.count("(w,") < MAX_MACRO_NESTING else Text("flag", True))
    macro = st.tuples(st.sampled_from(("exists", "all", "exists_one")), total).map(
        lambda t: Text(f"words.{t[0]}(w, w == name || {t[1].text})", True)
    )
    counted = total.map(lambda t: Text(f"(words.filter(w, w != name && {t.text}).size() > 1)", True))
    return st.one_of(pair, negated, chosen, macro, counted)


bool_texts = st.recursive(bool_leaves, bools, max_leaves=8)
values = st.fixed_dictionaries(
    {
        "n": numbers,
        "m": numbers,
        "flag": st.booleans(),
        "name": st.sampled_from(WORDS),
        "object.name": st.sampled_from(WORDS),
        "labels": st.dictionaries(st.sampled_from(KEYS[:2]), st.sampled_from(WORDS)),
        "words": st.lists(st.sampled_from(WORDS), max_size=4),
    }
)


def ours(text: str, kind: Type, given_values: dict[str, object]) -> object:
    try:
        return value_of(text, kind, given_values)
    except EvaluationError:
        return "error"


def theirs(text: str, given_values: dict[str, object]) -> object:
    context = {name: value for name, value in given_values.items() if "." not in name}
    context["object"] = {"name": given_values["object.name"]}
    try:
        return cel.evaluate(text, context)
    except (OverflowError, ZeroDivisionError, KeyError, IndexError, TypeError, RuntimeError):
        return "error"


def compare(text: str, kind: Type, given_values: dict[str, object]) -> None:
    assert ours(text, kind, given_values) == theirs(text, given_values), text


@settings(max_examples=250, deadline=None)
@given(text=bool_texts, given_values=values)
def test_conditions_mean_the_same(text: Text, given_values: dict[str, object]) -> None:
    compare(text.text, BOOL, given_values)


@settings(max_examples=120, deadline=None)
@given(text=int_texts, given_values=values)
def test_arithmetic_means_the_same(text: Text, given_values: dict[str, object]) -> None:
    compare(text.text, INT, given_values)


@settings(max_examples=60, deadline=None)
@given(text=string_texts, given_values=values)
def test_text_means_the_same(text: Text, given_values: dict[str, object]) -> None:
    compare(text.text, STRING, given_values)


@settings(max_examples=60, deadline=None)
@given(text=int_texts, given_values=values)
def test_mapped_lists_mean_the_same(text: Text, given_values: dict[str, object]) -> None:
    expression = f"[n, m, {text.text}].map(x, x % 7)"
    found, other = ours(expression, ListType(INT), given_values), theirs(expression, given_values)
    assert (list(found) if isinstance(found, tuple) else found) == other
