import pytest

from tests.unit.languages.sql.shop import action, acts, understood


@pytest.mark.parametrize(
    ("text", "verb", "verb_class", "atoms"),
    [
        ("DO $$ BEGIN DELETE FROM orders; END $$", "do", "code", ["do anonymous plpgsql code"]),
        ("DO LANGUAGE plperl 'x'", "do", "code", ["do anonymous plperl code"]),
        (
            "CALL purge(wipe())",
            "call",
            "code",
            ["call procedure purge code unknown", "call function public.wipe code definer"],
        ),
        ("LOAD '/x.so'", "load", "code", ["load file /x.so code"]),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM orders; SELECT 1'",
            "create",
            "code",
            ["create function f code", "delete relation public.orders write"],
        ),
        (
            "CREATE FUNCTION f() RETURNS text RETURN (SELECT ssn FROM customers LIMIT 1)",
            "create",
            "code",
            ["select relation public.customers.ssn read"],
        ),
        (
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC DELETE FROM orders; SELECT 1; END",
            "create",
            "code",
            ["delete relation public.orders write"],
        ),
        ("CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a'", "create", "code", []),
        ("CREATE PROCEDURE p() LANGUAGE plpgsql AS 'x'", "create", "code", ["create procedure p code"]),
        ("ALTER FUNCTION wipe() SECURITY INVOKER", "alter", "code", ["alter function wipe code"]),
        (
            "CREATE TRIGGER t BEFORE DELETE ON orders FOR EACH ROW WHEN (checked(old.note)) EXECUTE FUNCTION wipe()",
            "create",
            "code",
            ["create trigger t code", "alter relation public.orders code", "call function public.checked code unknown"],
        ),
        (
            "CREATE RULE r AS ON INSERT TO orders DO INSTEAD DELETE FROM customers",
            "create",
            "code",
            ["create rule r code", "delete relation public.customers write"],
        ),
        (
            "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION wipe()",
            "create",
            "admin",
            ["create event_trigger e admin"],
        ),
        ("ALTER EVENT TRIGGER e DISABLE", "alter", "admin", []),
        ("CREATE AGGREGATE a (int) (sfunc = int4pl, stype = int)", "create", "code", ["create function a code"]),
        (
            "CREATE OPERATOR ## (leftarg = int, rightarg = int, function = f)",
            "create",
            "code",
            ["create operator ## code"],
        ),
        ("CREATE TYPE t", "create", "code", ["create type t code"]),
        ("CREATE COLLATION c (locale = 'C')", "create", "code", []),
        ("CREATE CAST (int AS text) WITH FUNCTION f(int)", "create", "code", []),
        ("CREATE TRANSFORM FOR int LANGUAGE x (FROM SQL WITH FUNCTION f(internal))", "create", "code", []),
        ("CREATE LANGUAGE x", "create", "code", []),
        ("CREATE EXTENSION x", "create", "code", ["create extension x code"]),
        ("ALTER EXTENSION x UPDATE", "alter", "code", []),
        ("ALTER EXTENSION x ADD TABLE orders", "alter", "code", []),
        ("CREATE OPERATOR CLASS c FOR TYPE int USING btree AS OPERATOR 1 <", "create", "code", []),
        ("CREATE OPERATOR FAMILY f USING btree", "create", "code", []),
        ("ALTER OPERATOR FAMILY f USING btree DROP OPERATOR 1 (int, int)", "alter", "code", []),
        ("ALTER OPERATOR + (int, int) SET (restrict = NONE)", "alter", "code", []),
        ("CREATE CONVERSION c FOR 'a' TO 'b' FROM f", "create", "code", []),
        ("CREATE ACCESS METHOD m TYPE TABLE HANDLER h", "create", "code", []),
        ("CREATE TEXT SEARCH CONFIGURATION c (copy = english)", "create", "code", []),
        ("ALTER TEXT SEARCH CONFIGURATION c DROP MAPPING FOR word", "alter", "code", []),
        ("ALTER TEXT SEARCH DICTIONARY d (stopwords = 'x')", "alter", "code", []),
    ],
)
def test_what_it_does(text: str, verb: str, verb_class: str, atoms: list[str]) -> None:
    found = action(text)
    assert found.complete, found.gaps
    assert (found.verb, found.verb_class) == (verb, verb_class)
    assert set(atoms) <= set(acts(found)), acts(found)


def test_a_body_that_is_no_sql_is_a_gap() -> None:
    assert not action("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELEKT'").complete


def test_the_result_of_a_procedure_cannot_be_told() -> None:
    (found,) = understood("CALL wipe()").actions
    assert found.outputs is None
    assert found.atoms[0].object.effect == "definer"
