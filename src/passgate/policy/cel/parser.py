"""Tokens to a syntax tree: a Pratt parser over the grammar of the CEL specification."""

import itertools
from dataclasses import replace

from passgate.policy.cel.errors import ConditionError
from passgate.policy.cel.lexer import INT_MAX, RESERVED, Kind, Token, tokenize
from passgate.policy.cel.syntax import (
    Binary,
    Call,
    Comprehension,
    Conditional,
    Index,
    Junction,
    ListLiteral,
    Literal,
    Macro,
    Name,
    Node,
    Select,
    Unary,
)

MAX_DEPTH = 48
"""Nesting of brackets, calls and operators, and the length of a chain of them: keeps every recursion over a tree shallow.
CEL asks an implementation for at least 12 or 32, by kind."""

_INSTEAD = {
    "and": "write && for and",
    "or": "write || for or",
    "like": "write x.matches(r'...')",
    "not": "write !(x in [...])",
    "is": "write == to compare",
    "contains": "write x.contains('...')",
    "matches": "write x.matches(r'...')",
}
"""Words of other languages where an operator is expected."""

MAX_MACRO_NESTING = 3
"""A macro inside a macro multiplies the work; nobody needs a fourth."""

_BINDING = {"||": 1, "&&": 2, "+": 4, "-": 4, "*": 5, "/": 5, "%": 5} | dict.fromkeys(
    ("==", "!=", "<", "<=", ">", ">=", "in"), 3
)
_MACROS = frozenset(macro.value for macro in Macro)


def parse(text: str) -> Node:
    """The tree of a whole condition. Raises ConditionError."""
    parser = _Parser(tokenize(text))
    node = parser.expression()
    parser.end()
    return node


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._macros = 0

    # -- tokens --------------------------------------------------------------------------------------------------

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _is(self, *symbols: str) -> bool:
        return self._token.kind is Kind.SYMBOL and self._token.value in symbols

    def _take(self) -> Token:
        token = self._token
        self._at += token.kind is not Kind.END
        return token

    def _expect(self, symbol: str, *, after: str) -> Token:
        if not self._is(symbol):
            raise self._unexpected(f"expected {symbol} {after}")
        return self._take()

    def _unexpected(self, message: str, remedy: str = "") -> ConditionError:
        token = self._token
        found = "the condition ends here" if token.kind is Kind.END else f"found {token.value!r}"
        return ConditionError(f"{message}, but {found}", offset=token.offset, remedy=remedy)

    def end(self) -> None:
        if self._token.kind is not Kind.END:
            raise self._unexpected("expected an operator", _INSTEAD.get(self._token.value.lower(), ""))

    # -- expressions -------------------------------------------------------------------------------------------------

    def expression(self) -> Node:
        condition = self._operators(1)
        if not self._is("?"):
            return condition
        offset = self._take().offset
        self._enter(offset)
        then = self._operators(1)
        self._expect(":", after="after the first choice of ?")
        otherwise = self.expression()
        self._depth -= 1
        return Conditional(offset=offset, condition=condition, then=then, otherwise=otherwise)

    def _operators(self, least: int) -> Node:
        left = self._prefix()
        chain = 0
        while self._token.kind is Kind.SYMBOL and (binding := _BINDING.get(self._token.value, 0)) >= least:
            operator = self._take()
            self._enter(operator.offset)
            right = self._operators(binding + 1)
            self._depth -= 1
            left = _combine(operator, left, right)
            chain += isinstance(left, Binary)
            self._bound(chain, operator.offset)
        return left

    def _prefix(self) -> Node:
        if not self._is("!", "-"):
            return self._member()
        operator = self._take()
        self._enter(operator.offset)
        if operator.value == "-" and self._token.kind is Kind.INT:
            operand = self._member(negative=True)
        else:
            operand = Unary(offset=operator.offset, operator=operator.value, operand=self._prefix())
        self._depth -= 1
        return operand

    def _member(self, *, negative: bool = False) -> Node:
        node = self._primary(negative=negative)
        for chain in itertools.count():
            self._bound(chain, node.offset)
            if self._is("."):
                self._take()
                node = self._selection(node)
            elif self._is("["):
                bracket = self._take()
                self._enter(bracket.offset)
                index = self.expression()
                self._depth -= 1
                self._expect("]", after="after the index")
                node = Index(offset=bracket.offset, operand=node, index=index)
            else:
                break
        return node

    def _primary(self, *, negative: bool) -> Node:
        token = self._token
        if token.kind is Kind.STRING:
            self._take()
            return Literal(offset=token.offset, value=token.value)
        if token.kind is Kind.INT:
            return self._integer(negative=negative)
        if token.kind is Kind.IDENT:
            return self._identifier()
        if self._is("true", "false"):
            return Literal(offset=self._take().offset, value=token.value == "true")
        if self._is("null"):
            return Literal(offset=self._take().offset, value=None)
        if self._is("("):
            self._take()
            self._enter(token.offset)
            inner = self.expression()
            self._depth -= 1
            if self._is(","):
                raise self._unexpected("a bracket holds one value", "write a list as [a, b]")
            self._expect(")", after=f"to close the bracket at character {token.offset + 1}")
            return inner
        if self._is("["):
            self._take()
            return ListLiteral(offset=token.offset, items=self._list("]"))
        raise self._unexpected("expected a value")

    def _integer(self, *, negative: bool) -> Node:
        token = self._take()
        value = -token.number if negative else token.number
        if value > INT_MAX:
            raise ConditionError("the number does not fit in 64 bits", offset=token.offset)
        return Literal(offset=token.offset, value=value)

    def _identifier(self) -> Node:
        token = self._take()
        if token.value in RESERVED:
            raise ConditionError(f"{token.value!r} is a reserved word", offset=token.offset)
        if not self._is("("):
            return Name(offset=token.offset, name=token.value)
        self._take()
        arguments = self._list(")")
        if token.value == "has":
            return _has(token, arguments)
        return Call(offset=token.offset, function=token.value, target=None, arguments=arguments)

    def _selection(self, operand: Node) -> Node:
        if self._token.kind is not Kind.IDENT:
            raise self._unexpected("expected a name after the dot")
        token = self._take()
        if not self._is("("):
            return Select(offset=token.offset, operand=operand, field=token.value)
        self._take()
        if token.value in _MACROS:
            return self._macro(token, operand)
        return Call(offset=token.offset, function=token.value, target=operand, arguments=self._list(")"))

    def _macro(self, token: Token, over: Node) -> Node:
        self._macros += 1
        if self._macros > MAX_MACRO_NESTING:
            raise ConditionError(f"more than {MAX_MACRO_NESTING} macros inside one another", offset=token.offset)
        arguments = self._list(")")
        self._macros -= 1
        macro = Macro(token.value)
        allowed = (2, 3) if macro is Macro.MAP else (2,)
        if len(arguments) not in allowed:
            raise ConditionError(
                f"{macro.value}() takes a variable and an expression",
                offset=token.offset,
                remedy=f"write list.{macro.value}(x, ...)",
            )
        variable = arguments[0]
        if not isinstance(variable, Name):
            raise ConditionError(f"the first argument of {macro.value}() must be a plain name", offset=variable.offset)
        test = None if macro is Macro.MAP and len(arguments) == 2 else arguments[1]
        transform = arguments[-1] if macro is Macro.MAP else None
        return Comprehension(
            offset=token.offset, macro=macro, over=over, variable=variable.name, test=test, transform=transform
        )

    def _list(self, close: str) -> tuple[Node, ...]:
        self._enter(self._token.offset)
        items: list[Node] = []
        while not self._is(close):
            items.append(self.expression())
            if not self._is(close):
                self._expect(",", after=f"or {close}")
        self._take()
        self._depth -= 1
        return tuple(items)

    def _enter(self, offset: int) -> None:
        self._depth += 1
        self._bound(self._depth, offset)

    def _bound(self, depth: int, offset: int) -> None:
        if depth > MAX_DEPTH:
            raise ConditionError(f"nested deeper than {MAX_DEPTH}", offset=offset, remedy="split the rule")


def _combine(operator: Token, left: Node, right: Node) -> Node:
    if operator.value not in ("&&", "||"):
        return Binary(offset=operator.offset, operator=operator.value, left=left, right=right)
    terms: list[Node] = []
    for side in (left, right):
        same = isinstance(side, Junction) and side.operator == operator.value
        terms.extend(side.terms if same and isinstance(side, Junction) else (side,))
    return Junction(offset=operator.offset, operator=operator.value, terms=tuple(terms))


def _has(token: Token, arguments: tuple[Node, ...]) -> Node:
    field = arguments[0] if len(arguments) == 1 else None
    if not isinstance(field, Select) or field.test_only:
        raise ConditionError("has() takes one field", offset=token.offset, remedy="write has(resource.labels.env)")
    return replace(field, test_only=True)
