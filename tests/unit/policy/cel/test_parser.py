import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.policy.cel.errors import ConditionError
from passgate.policy.cel.parser import MAX_DEPTH, parse
from passgate.policy.cel.syntax import (
    Binary,
    Call,
    Comprehension,
    Conditional,
    Index,
    Junction,
    ListLiteral,
    Literal,
    Name,
    Node,
    Select,
    Unary,
)


def shown(node: Node | None) -> str:
    """The tree with every bracket written out."""
    match node:
        case Literal(value=value):
            return repr(value)
        case ListLiteral(items=items):
            return f"[{', '.join(map(shown, items))}]"
        case Name(name=name):
            return name
        case Select(operand=operand, field=field, test_only=test_only):
            return f"{'has ' if test_only else ''}({shown(operand)}.{field})"
        case Index(operand=operand, index=index):
            return f"({shown(operand)}[{shown(index)}])"
        case Unary(operator=operator, operand=operand):
            return f"({operator}{shown(operand)})"
        case Binary(operator=operator, left=left, right=right):
            return f"({shown(left)} {operator} {shown(right)})"
        case Junction(operator=operator, terms=terms):
            return f"({f' {operator} '.join(map(shown, terms))})"
        case Conditional(condition=condition, then=then, otherwise=otherwise):
            return f"({shown(condition)} ? {shown(then)} : {shown(otherwise)})"
        case Call(function=function, target=target, arguments=arguments):
            front = f"{shown(target)}." if target is not None else ""
            return f"{front}{function}({', '.join(map(shown, arguments))})"
        case Comprehension(macro=macro, over=over, variable=variable, test=test, transform=transform):
            return f"{shown(over)}.{macro.value}({variable}, {shown(test)}, {shown(transform)})"
    return "-"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a || b && c", "(a || (b && c))"),
        ("a && b && c", "(a && b && c)"),
        ("(a || b) || c", "(a || b || c)"),
        ("!a == b", "((!a) == b)"),
        ("a + b * c - d", "((a + (b * c)) - d)"),
        ("a % b / c", "((a % b) / c)"),
        ("a < b == c", "((a < b) == c)"),
        ("-5 - -a", "(-5 - (-a))"),
        ("--5", "(--5)"),
        ("a ? b : c ? d : e", "(a ? b : (c ? d : e))"),
        ("a || b ? c : d", "((a || b) ? c : d)"),
        ("x.y['k'].z[0]", "((((x.y)['k']).z)[0])"),
        ("'a' in [b, 1, true, null]", "('a' in [b, 1, True, None])"),
        ("[1, 2,]", "[1, 2]"),
        ("has(a.b.c)", "has ((a.b).c)"),
        ("size(a)", "size(a)"),
        ("a.startsWith('x').b", "(a.startsWith('x').b)"),
        ("a.exists(x, x > 1)", "a.exists(x, (x > 1), -)"),
        ("a.map(x, x + 1)", "a.map(x, -, (x + 1))"),
        ("a.map(x, x > 0, x + 1)", "a.map(x, (x > 0), (x + 1))"),
        ("object.namespace", "(object.namespace)"),
    ],
)
def test_trees(text: str, tree: str) -> None:
    assert shown(parse(text)) == tree


def test_the_smallest_number_can_be_written() -> None:
    assert shown(parse("-9223372036854775808")) == str(-(2**63))


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("", "expected a value, but the condition ends here", 0),
        ("a b", "expected an operator, but found 'b'", 2),
        ("a ==", "the condition ends here", 4),
        ("(a", "expected \\) to close", 2),
        ("[a", "expected , or \\]", 2),
        ("a ? b", "expected : after", 5),
        ("a[1", "expected \\] after", 3),
        ("a.1", "expected a name after the dot", 2),
        ("a.", "expected a name after the dot", 2),
        ("9223372036854775808", "64 bits", 0),
        ("package == 1", "reserved word", 0),
        ("has(a)", "has\\(\\) takes one field", 0),
        ("has(a.b, c.d)", "has\\(\\) takes one field", 0),
        ("has(has(a.b))", "has\\(\\) takes one field", 0),
        ("a.exists(x)", "takes a variable and an expression", 2),
        ("a.all(x, y, z)", "takes a variable and an expression", 2),
        ("a.all(x.y, true)", "must be a plain name", 8),
        ("a.all(b, b.all(c, c.all(d, d.all(e, true))))", "more than 3 macros", 29),
    ],
)
def test_what_is_refused_and_where(text: str, message: str, offset: int) -> None:
    with pytest.raises(ConditionError, match=message) as caught:
        parse(text)
    assert caught.value.offset == offset


@pytest.mark.parametrize(
    "text",
    [
        "(" * 500 + "a" + ")" * 500,
        "!" * 500 + "a",
        "a" + " + a" * 500,
        "a" + ".b" * 500,
        "a" + "[0]" * 500,
        "a ? b : " * 500 + "c",
        "[" * 500 + "]" * 500,
        "f(" * 500 + ")" * 500,
    ],
)
def test_depth_is_bounded(text: str) -> None:
    with pytest.raises(ConditionError, match=f"nested deeper than {MAX_DEPTH}"):
        parse(text)


def test_a_long_chain_of_terms_is_flat() -> None:
    chain = parse(" || ".join(["a"] * 1000))
    assert isinstance(chain, Junction)
    assert len(chain.terms) == 1000


@given(st.text(alphabet="ab.&|!=<>+-*/%?:()[]'\"\\, 019rhasintue\n", max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    refused: ConditionError | None = None
    try:
        parse(text)
    except ConditionError as error:
        refused = error
    assert refused is None or 0 <= refused.offset <= len(text)
