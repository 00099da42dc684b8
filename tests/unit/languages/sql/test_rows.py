from passgate.languages.sql.rows import cast_of, function_of, operator_of, relation_of, trusted, type_of

FUNCTION = [
    "10",
    "public",
    "f",
    "f",
    "1",
    None,
    '["int4"]',
    "text",
    '["a", null]',
    "t",
    "s",
    "sql",
    "t",
    "f",
    "anna",
    None,
]


def test_a_function_row() -> None:
    found = function_of(FUNCTION, system=False, effect="unknown")
    assert (found.oid, found.min_args, found.max_args, found.arg_types) == (10, 1, None, ("int4",))
    assert (found.out_columns, found.returns_set, found.volatility) == (("a", ""), True, "stable")
    assert (found.owner, found.extension, found.system) == ("anna", "", False)


def test_trusted_functions_run_with_the_callers_rights_in_sql_or_plpgsql() -> None:
    assert trusted(FUNCTION)
    for place, value in ((11, "plpython3u"), (12, "f"), (13, "t"), (11, "c")):
        row = [*FUNCTION]
        row[place] = value
        assert not trusted(row)


def test_a_relation_row() -> None:
    row = [
        "20", "public", "t", "r", "t", "f", "t", '[["a", 1, "int4", 23, true, false, ["b"]]]', '[[true, ["a"]], [false, ["b"]]]',
        '[[["a"], "s", "u", ["x"], "c", "n"]]', "[7]", "",
    ]  # fmt: skip
    found = relation_of(row, system=False, tags=frozenset({"files"}))
    assert (found.kind, found.row_security, found.has_rules, found.has_triggers) == ("table", True, False, True)
    assert (found.primary_key, found.unique_keys, found.parents) == (("a",), (("b",),), (7,))
    assert found.foreign_keys[0].on_delete == "cascade"
    assert found.view_definition is None
    assert found.tags == frozenset({"files"})
    assert (found.columns[0].not_null, found.columns[0].shows) == (True, ("b",))


def test_rows_of_types_operators_and_casts_name_functions_by_oid() -> None:
    function = function_of(FUNCTION, system=False, effect="unknown")
    known = {10: function}
    assert type_of(["1", "n", "t", "d", "int4", "[10, 11]"], known, system=False).input_functions == (function,)
    operator = operator_of(["n", "@@@", None, "int4", "10"], known)
    assert operator is not None
    assert (operator.left_type, operator.right_type, operator.function) == ("", "int4", function)
    assert operator_of(["n", "@@@", None, "int4", "99"], known) is None
    cast = cast_of(["int4", "mood", "10", "i"], known)
    assert cast is not None
    assert cast.context == "implicit"
    assert cast_of(["int4", "mood", "99", "i"], known) is None
