"""Every way we could think of to see a masked e-mail, a nulled SSN or a protected table, at a real server, in text and in binary.

A refusal is as good as a mask: what must not happen is that the value, or a part or an encoding of it, comes back, also in the
words of an error or a notice.
"""

import psycopg
import pytest

from passgate.testing import IssuedPass, RunningGate

ATTEMPTS = (
    "select email from customers where id=5",
    "select upper(email) from customers where id=5",
    "select reverse(email) from customers where id=5",
    "select row_to_json(c) from customers c where id=5",
    "select to_jsonb(c)->>'email' from customers c where id=5",
    "select c::text from customers c where id=5",
    "select (c).email from customers c where id=5",
    "select * from (select email as x from customers) t(y) where true limit 3",
    "with a as materialized (select email e, id i from customers) select e||'' from a where i=5",
    "select array_agg(email) from customers",
    "select string_agg(email, ',') over () from customers limit 1",
    "select json_agg(customers) from customers",
    "select xmlelement(name a, email) from customers where id=5",
    "select encode(convert_to(email,'UTF8'),'hex') from customers where id=5",
    "select unnest(array[email]) from customers where id=5",
    "select lateral_x.e from customers c, lateral (select c.email e) lateral_x where c.id=5",
    "select t.* from customers c cross join lateral json_to_record(to_json(c)) as t(email text) where c.id=5",
    "select substr(email, n, 1) from customers, generate_series(1,20) n where id=5",
    "select case when email like 'c%' then 1 else 0 end from customers where id=5",
    "select id from customers where email = 'customer5@example.com'",
    "select id from customers order by email limit 3",
    "select (select email from customers where id=5)",
    "select coalesce(null, email) from customers where id=5",
    "select email from customers where id=5 union all select 'x'",
    "values ((select email from customers where id=5))",
    "explain analyze select email from customers where email like 'a%'",
    "explain (verbose) select email from customers where id=5",
    "insert into orders(id,customer_id,status,total) select 99999, 1, email, 1 from customers where id=5 returning status",
    "update orders set status=(select email from customers where id=5) where id=77 returning status",
    "update customers set name = email where id = 5 returning name",
    "create temp table zz as select email from customers",
    "select * from pg_stats where tablename='customers'",
    "select most_common_vals from pg_stats",
    "select query_to_xml('select * from customers',true,true,'')",
    "select table_to_xml('customers',true,true,'')",
    "copy customers to stdout",
    "copy (select email||'' from customers) to stdout",
    "select email::int from customers where id=5",
    "select 1/(case when email like 'c%' then 0 else 1 end) from customers where id=5",
    "select ascii(email) from customers where id=5",
    "select length(email) from customers where id=5",
    "select email from customers where id=5 for update",
    "select max(email) from customers",
    "select distinct email from customers",
    "select email, count(*) from customers group by email",
    "select hashtext(email) from customers where id=5",
    "select md5(email) from customers where id=5",
    "select format('%s', email) from customers where id=5",
    "select concat_ws(',', c.*) from customers c where id=5",
    "select pg_catalog.concat(c) from customers c where id=5",
    "select array(select email from customers)",
    "select * from customers c where c = (select d from customers d where id=5)",
    "select json_object_agg(id, email) from customers",
    "select ssn from customers where id=5",
    "select * from payments",
    "select count(*) from payments",
    "table customers",
    "select lag(email) over (order by id) from customers limit 3",
    "select a.email from customers a natural join customers b where a.id=5",
    "select string_to_table(email,'@') from customers where id=5",
    "select regexp_matches(email,'(.*)@') from customers where id=5",
    "select ts_headline(email,'x') from customers where id=5",
    "select quote_literal(email) from customers where id=5",
    "select pg_typeof(email) from customers where id=5",
    "do $$ begin raise notice '%', (select email from customers where id=5); end $$",
    "select jsonb_path_query(to_jsonb(c),'$.email') from customers c where id=5",
    "select xpath('/x', xmlparse(content '<x>'||email||'</x>')) from customers where id=5",
    "select set_config('application_name', email, false) from customers where id=5",
    "select ('/etc/passwd'::text).pg_read_file",
    "select (c).to_json from customers c where id=5",
    "select ((c).email).upper from customers c where id=5",
    "select j.upper from customers c, unnest(array[c.email]) j where c.id=5",
    "merge into orders o using customers c on o.id=c.id and c.id=5 when matched then update set status=c.email",
)

TRACES = ("customer5", "5remotsuc", "customer1@", "637573746f6d6572", "536-90", "(99,)", "('c',)", "4111")
"""The address plain, reversed, in hexadecimal, as its first character or that character's code; an SSN; a card."""


@pytest.fixture(scope="module")
def everything(gate: RunningGate) -> IssuedPass:
    """A pass with every verb, so that it is the policy that refuses."""
    return gate.issue(verbs="read,write,ddl,admin,code,egress")


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_nothing_of_it_comes_back(gate: RunningGate, everything: IssuedPass, attempt: str, binary: bool) -> None:
    said: list[str] = []
    with psycopg.connect(gate.dsn(everything), autocommit=True) as connection:
        connection.add_notice_handler(lambda notice: said.append(str(notice.message_primary)))
        try:
            if attempt.startswith("copy"):
                with connection.cursor() as cursor, cursor.copy(attempt) as copy:
                    said.append(repr(b"".join(copy)))
            else:
                cursor = connection.execute(attempt, binary=binary)
                said.append(repr(cursor.fetchall() if cursor.description else cursor.statusmessage))
        except psycopg.Error as error:
            said.append(f"{error} {error.diag.message_detail} {error.diag.context}")
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not [trace for trace in TRACES for text in said if trace in text.replace("Customer 5", "").lower()]


QUESTIONS = (
    "select nullif(email, '{}') from customers where id=5",
    "select to_jsonb(nullif(email, '{}')) from customers where id=5",
    "select substring(email from '^{}') from customers where id=5",
    "select regexp_match(email, '^{}') from customers where id=5",
    "select regexp_matches(email, '^{}') from customers where id=5",
    "select c.id from customers c, regexp_matches(c.email, '^{}') m where c.id=5",
    "select max(substring(email from '^{}')) from customers where id=5",
    "select '{{\"{}\": 1}}'::jsonb ->> email from customers where id=5",
    "select email = '{}', position('{}' in email) from customers where id=5",
    "select to_tsquery('english', split_part('cat the', ' ', 1 + position('{}' in email))) from customers where id=5",
    "select distinct nullif(email, '{}') is null from customers where id in (5, 6)",
    "select id, unnest(array[string_to_array(email, '{}')]) from customers where id=5",
    "explain (analyze, timing off, summary off) select lpad('', 9999 * position('{}' in email)) from customers order by score",
    "select id, array_agg(distinct nullif(email, '{}')) from customers where id=5 group by id",
    "insert into customers (id, name, email) values (5000, 'x', '{}') on conflict do nothing",
    "copy (select nullif(email, '{}') from customers where id=5) to stdout",
    "copy (select nullif(email, '{}') from customers where id=5) to stdout (format csv, force_quote *)",
    "copy (select nullif(email, '{}') from customers where id=5) to stdout (format binary)",
)


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_guess_is_answered_alike_whether_right_or_wrong(
    gate: RunningGate, everything: IssuedPass, question: str, binary: bool
) -> None:
    """Nothing of the value shows, but NULL where there was a value, a row where there was none, a notice or a plan's figures would
    answer all the same."""
    told: list[list[str]] = []
    for guess in ("customer5@example.com", "customer6000@example.com"):
        text = question.replace("{}", guess).replace("{{", "{").replace("}}", "}")
        answers: list[str] = []
        with psycopg.connect(gate.dsn(everything), autocommit=True) as connection:
            connection.add_notice_handler(lambda notice, answers=answers: answers.append(str(notice.message_primary)))
            try:
                if text.startswith("copy"):
                    with connection.cursor() as cursor, cursor.copy(text) as copy:
                        answers.append(repr(b"".join(copy)))
                else:
                    answers.append(repr(connection.execute(text, binary=binary).fetchall()))
            except psycopg.Error as error:
                answers.append(str(error))
        told.append(answers)
    assert told[0] == told[1]


def test_the_traces_are_there_without_a_gate(cluster) -> None:
    """Otherwise the test above could not fail."""
    clear = cluster.psql("SELECT email, reverse(email), ssn, ascii(email) FROM customers WHERE id = 5", database="shop")
    assert clear == "customer5@example.com|moc.elpmaxe@5remotsuc|536-90-1005|99"
