"""How problems are told."""

from passgate.config.problems import InvalidSettingsError, Place, Problem


def problem(line: int, path: tuple[str | int, ...], text: str = "wrong") -> Problem:
    return Problem(place=Place(line=line, column=3), path=path, text=text)


def test_one_line_each_in_the_order_of_the_file() -> None:
    error = InvalidSettingsError(
        "gate.yaml", [problem(9, ("b",)), problem(2, ("listeners", 0, "port"), "must be a number")]
    )
    assert str(error) == "gate.yaml:2:3: listeners[0].port: must be a number\ngate.yaml:9:3: b: wrong"
    assert [p.place.line for p in error.problems] == [2, 9]


def test_paths_of_mixed_kinds_in_one_place_do_not_clash() -> None:
    error = InvalidSettingsError("f", [problem(1, ("a", 1)), problem(1, ("a", "b"))])
    assert len(error.problems) == 2


def test_the_document_itself_has_a_name() -> None:
    assert problem(1, ()).dotted == "(file)"
