"""Each test is one transcript: ``>`` went to the server, ``<`` to the client."""

import pytest

from passgate.codecs.postgres.asynchronous import NotificationResponse, ParameterStatus, Terminate
from passgate.codecs.postgres.copy import (
    CopyBothResponse,
    CopyData,
    CopyDone,
    CopyFail,
    CopyInResponse,
    CopyOutResponse,
)
from passgate.codecs.postgres.error_response import NoticeResponse
from passgate.codecs.postgres.extended_query import (
    BindComplete,
    CloseComplete,
    Flush,
    NoData,
    ParameterDescription,
    ParseComplete,
    PortalSuspended,
    Sync,
    Target,
)
from passgate.codecs.postgres.framing import Frame
from passgate.codecs.postgres.function_call import FunctionCall, FunctionCallResponse
from passgate.codecs.postgres.session.items import AskExecute, AskQuery
from passgate.codecs.postgres.simple_query import (
    CommandComplete,
    EmptyQueryResponse,
    Query,
)
from passgate.core.errors import LocalProtocolError, RemoteProtocolError
from tests.unit.codecs.postgres.exchanges import (
    COLUMNS,
    DONE,
    ERROR,
    IDLE,
    IN_BLOCK,
    ROW,
    bind,
    close,
    describe,
    execute,
    frame,
    parse,
    prepared,
)
from tests.unit.codecs.postgres.playbook import REFUSED, Playbook


class TestSimpleQuery:
    def test_one_statement(self) -> None:
        book = Playbook()
        assert book.client(Query(text="select 1")) == [">Q"]
        assert book.server(COLUMNS, ROW, ROW, DONE, IDLE) == [
            "Described",
            "rows select 1: 2",
            "completed select 1: SELECT 1",
            "ready I",
        ]

    def test_refused_and_the_server_hears_nothing(self) -> None:
        assert Playbook().client(Query(text="deny")) == ["<E!", "<Z"]

    def test_refused_with_the_status_of_the_moment_and_in_its_turn(self) -> None:
        book = Playbook()
        assert book.client(Query(text="begin"), Query(text="deny"), Query(text="select 1")) == [">Q", ">Q"]
        assert book.server(CommandComplete(tag="BEGIN"), IN_BLOCK) == ["completed begin: BEGIN", "ready T", "<E!", "<Z"]
        assert book.server(DONE, IN_BLOCK)[-1] == "ready T"

    def test_refused_behind_a_batch_without_sync_undoes_it_and_answers_once(self) -> None:
        book = Playbook()
        assert book.client(parse("select 1"), bind(), execute(), Query(text="deny")) == [
            ">P",
            ">B",
            ">D",
            ">E",
            ">P",
            ">S",
        ]
        assert book.server(ParseComplete(), BindComplete(), COLUMNS, DONE, ERROR, IDLE) == [
            "<1",
            "<2",
            "completed select 1: SELECT 1",
            "<E!",
            "ready I",
        ]
        assert book.client(Query(text="select 2")) == [">Q"]

    def test_an_error_and_an_empty_query(self) -> None:
        book = Playbook()
        book.client(Query(text="select 1/0"), Query(text=""))
        assert book.server(ERROR, IDLE) == ["failed select 1/0: 22012", "ready I"]
        assert book.server(EmptyQueryResponse(), IDLE) == ["completed : ", "ready I"]


class TestExtendedQuery:
    def test_parse_bind_describe_execute_close(self) -> None:
        book = Playbook()
        sent = book.client(
            parse("select 1", "s"), bind("s", "p"), describe("p"), execute("p"), close("s"), Flush(), Sync()
        )
        assert sent == [">P", ">B", ">D", ">E", ">C", ">H", ">S"]
        assert book.asked == ["AskParse select 1", "AskExecute select 1"]
        answers = book.server(ParseComplete(), BindComplete(), COLUMNS, ROW, DONE, CloseComplete(), IDLE)
        assert answers == ["<1", "<2", "<T", "rows select 1: 1", "completed select 1: SELECT 1", "<3", "ready I"]

    def test_a_name_that_only_sql_knows_is_not_freed_by_the_protocol(self) -> None:
        # Freed, it could be given another text by Parse or Bind, and SQL's EXECUTE or FETCH would be judged by the old one.
        book = Playbook()
        sent = book.client(close("sql_name"), close("cursor", Target.PORTAL), close(""), Sync())
        assert sent == ["<3", "<3", ">C", ">S"]
        assert book.server(CloseComplete(), IDLE) == ["<3", "ready I"]

    def test_such_a_close_is_answered_in_its_turn_and_not_at_all_after_an_error(self) -> None:
        book = Playbook()
        assert book.client(parse("select 1", "s"), close("sql_name"), Sync()) == [">P", ">S"]
        assert book.server(ParseComplete(), IDLE) == ["<1", "<3", "ready I"]
        assert book.client(parse("select 2", "t"), close("sql_name"), Sync()) == [">P", ">S"]
        assert book.server(ERROR, IDLE)[-1] == "ready I"
        assert book.log.count("<3") == 1

    def test_what_nobody_described_is_described_unseen(self) -> None:
        book = Playbook()
        assert book.client(parse("select 1"), bind(), execute(), Sync()) == [">P", ">B", ">D", ">E", ">S"]
        answers = book.server(ParseComplete(), BindComplete(), COLUMNS, ROW, DONE, IDLE)
        assert answers == ["<1", "<2", "rows select 1: 1", "completed select 1: SELECT 1", "ready I"]

    def test_a_description_is_kept_until_the_meaning_changes(self) -> None:
        book = Playbook()
        prepared(book, "select 1", "s")
        assert book.client(bind("s"), execute(), Sync()) == [">B", ">E", ">S"]
        book.server(BindComplete(), ROW, DONE, IDLE)
        book.conversation.epoch += 1
        assert book.client(bind("s"), execute(), Sync()) == [">B", ">D", ">E", ">S"]

    def test_a_parse_refused_is_never_seen_and_all_up_to_sync_is_dropped(self) -> None:
        book = Playbook()
        assert book.client(parse("deny"), bind(), execute(), Query(text="select 1"), Sync()) == ["<E!", ">S"]
        assert book.server(IDLE) == ["ready I"]
        assert book.asked == ["AskParse deny"]

    def test_a_refusal_calls_for_the_replies_before_it(self) -> None:
        book = Playbook()
        prepared(book, "deny later", "s")
        assert book.client(bind("s"), execute()) == [">B", ">H"]
        assert book.server(BindComplete()) == ["<2", "<E!"]
        assert book.client(Sync()) == [">S"]
        assert book.server(IDLE) == ["ready I"]

    def test_a_refusal_undoes_what_ran_before_it_in_the_same_round(self) -> None:
        book = Playbook()
        sent = book.client(parse("select 1"), bind(), describe(), execute(), parse("deny"), bind(), execute(), Sync())
        assert sent == [">P", ">B", ">D", ">E", ">P", ">S"]
        answers = book.server(ParseComplete(), BindComplete(), COLUMNS, DONE, ERROR, IDLE)
        assert answers == ["<1", "<2", "<T", "completed select 1: SELECT 1", "<E!", "ready I"]

    def test_a_refusal_in_a_block_leaves_the_block(self) -> None:
        book = Playbook()
        book.client(Query(text="begin"))
        book.server(CommandComplete(tag="BEGIN"), IN_BLOCK)
        sent = book.client(parse("select 1"), bind(), describe(), execute(), parse("deny"), Sync())
        assert sent == [">P", ">B", ">D", ">E", ">H", ">S"]
        answers = book.server(ParseComplete(), BindComplete(), COLUMNS, DONE, IN_BLOCK)
        assert answers == ["<1", "<2", "<T", "completed select 1: SELECT 1", "<E!", "ready T"]

    @pytest.mark.parametrize(("last", "undone"), [("begin", False), ("commit", True)])
    def test_a_block_that_began_or_ended_in_the_round_counts(self, last: str, undone: bool) -> None:
        book = Playbook()
        sent = book.client(parse(last), bind(), describe(), execute(), parse("deny"), Sync())
        assert sent == [">P", ">B", ">D", ">E", ">P" if undone else ">H", ">S"]

    def test_where_nobody_can_know_of_a_block_the_batch_is_undone(self) -> None:
        book = Playbook()
        book.client(Query(text="something"))
        assert book.client(parse("select 1"), bind(), describe(), execute(), parse("deny"))[-1] == ">P"

    def test_an_error_of_the_server_drops_what_it_skips(self) -> None:
        book = Playbook()
        book.client(parse("select 1", "s"), bind("s"), execute(), bind("s"), execute(), Sync())
        assert book.server(ERROR, IDLE) == ["failed -: 22012", "dropped select 1", "dropped select 1", "ready I"]
        assert book.client(bind("s"), Sync()) == ["rebuffed 26000", "<E", ">S"]

    def test_an_error_before_the_clients_sync_drops_what_still_comes(self) -> None:
        book = Playbook()
        book.client(parse("select 1"), Flush())
        assert book.server(ERROR) == ["failed -: 22012"]
        assert book.client(bind(), parse("select 2"), Sync(), Query(text="select 3")) == [">S", ">Q"]

    def test_a_refusal_behind_an_error_is_never_heard(self) -> None:
        book = Playbook()
        book.client(parse("select 1"), parse("deny"), Sync())
        assert book.server(ERROR, IDLE) == ["failed -: 22012", "ready I"]

    def test_a_refusal_that_comes_to_an_open_ask_after_an_error_is_dropped(self) -> None:
        book = Playbook()
        prepared(book, "select 1", "s")
        book.client(bind("s", "p"), parse("select 2"))
        ask = book.conversation.from_client(frame(execute("p")))[0]
        assert isinstance(ask, AskExecute)
        assert book.server(BindComplete(), ERROR) == ["<2", "failed -: 22012"]
        assert book.act(book.conversation.release(ask, "late")) == ["dropped late"]
        assert book.client(Sync()) == [">S"]

    def test_a_row_limit_suspends_and_goes_on(self) -> None:
        book = Playbook()
        book.client(Query(text="begin"))
        book.server(CommandComplete(tag="BEGIN"), IN_BLOCK)
        book.client(parse("select 1"), bind("", "p"), describe("p"), execute("p", 1), Sync())
        assert book.server(ParseComplete(), BindComplete(), COLUMNS, ROW, PortalSuspended(), IN_BLOCK)[-2:] == [
            "Suspended",
            "ready T",
        ]
        assert book.client(execute("p", 1), Sync()) == [">E", ">S"]
        assert book.server(DONE, IN_BLOCK) == ["completed select 1: SELECT 1", "ready T"]

    def test_an_error_at_sync_is_no_statements(self) -> None:
        book = Playbook()
        book.client(parse("insert"), bind(), describe(), execute(), Sync())
        book.server(ParseComplete(), BindComplete(), NoData(), CommandComplete(tag="INSERT 0 1"))
        assert book.server(ERROR, IDLE) == ["failed -: 22012", "ready I"]


class TestNames:
    def test_a_portal_keeps_its_statement_when_the_unnamed_one_changes(self) -> None:
        book = Playbook()
        book.client(parse("select 1"), bind("", "p"), parse("select 2"), execute("p"), Sync())
        assert book.asked[-1] == "AskExecute select 1"

    def test_a_name_that_is_open_cannot_be_parsed_again(self) -> None:
        book = Playbook()
        prepared(book, "select 1", "s")
        assert book.client(parse("select 2", "s"), Sync()) == ["rebuffed 42P05", "<E", ">S"]
        book.server(IDLE)
        assert book.client(close("s"), parse("select 2", "s"), Sync()) == [">C", ">P", ">S"]

    def test_a_parse_that_failed_leaves_no_name_and_a_close_that_was_skipped_leaves_it(self) -> None:
        book = Playbook()
        prepared(book, "select 1", "s")
        book.client(parse("bad", "t"), close("s"), Sync())
        book.server(ERROR, IDLE)
        assert book.client(bind("s"), Sync()) == [">B", ">S"]
        book.server(BindComplete(), IDLE)
        assert book.client(bind("t"), Sync())[0] == "rebuffed 26000"

    def test_an_unnamed_statement_dies_with_a_query_and_with_a_parse_that_failed(self) -> None:
        book = Playbook()
        prepared(book, "select 1")
        book.client(Query(text="select 2"))
        book.server(DONE, IDLE)
        assert book.client(bind(), Sync())[0] == "rebuffed 26000"
        book.server(IDLE)
        prepared(book, "select 1")
        book.client(parse("bad"), Sync())
        book.server(ERROR, IDLE)
        assert book.client(bind(), Sync())[0] == "rebuffed 26000"

    def test_portals_die_with_their_transaction_but_not_those_bound_since(self) -> None:
        book = Playbook()
        prepared(book, "select 1", "s")
        book.client(bind("s", "old"), Sync(), bind("s", "new"))
        book.server(BindComplete(), IDLE)
        assert book.client(execute("new")) == [">E"]
        book.server(BindComplete(), DONE)
        assert book.client(execute("old"))[0] == "rebuffed 34000"

    def test_names_of_the_gate_are_not_the_clients(self) -> None:
        for message in (parse("x", "passgate_x"), close("passgate_own")):
            assert Playbook().client(message)[0] == "rebuffed 42602"
        book = Playbook()
        prepared(book, "select 1", "s")
        assert book.client(bind("s", "passgate_own"))[0] == "rebuffed 42602"

    def test_names_that_are_one_to_the_server_are_not_two_here(self) -> None:
        book = Playbook()
        for name in ("x" * 63, "é" * 31):
            assert book.client(parse("select 1", name), bind(name, name)) == [">P", ">B"]
        for name in ("x" * 64, "é" * 32):
            assert Playbook().client(parse("select 1", name))[0] == "rebuffed 42622"
            assert Playbook().client(parse("select 1"), bind("", name))[1] == "rebuffed 42622"

    def test_a_name_that_is_given_is_told(self) -> None:
        book = Playbook()
        book.client(parse("select 1", "s"), parse("select 1"), bind("s", "p"), bind("s"), parse("deny", "t"))
        assert book.taken == [("prepared", "s"), ("cursor", "p")]

    def test_what_sql_may_have_put_behind_a_name_cannot_be_used(self) -> None:
        book = Playbook()
        prepared(book, "select 1", "s")
        prepared(book, "select 2", "t")
        book.client(bind("s", "p"), bind("t", "q"))
        book.conversation.forget_statements({"s"})
        book.conversation.forget_portals({"p"})
        assert book.client(execute("q")) == [">E"]
        assert book.client(execute("p"))[0] == "rebuffed 34000"
        book.conversation.forget_statements(None)
        book.conversation.forget_portals(None)
        assert len(book.conversation.statements) == len(book.conversation.portals) == 0

    def test_a_cursor_of_sql_may_be_described_not_executed(self) -> None:
        book = Playbook()
        assert book.client(describe("c"), Sync()) == [">D", ">S"]
        assert book.server(COLUMNS, IDLE) == ["<T", "ready I"]
        assert book.client(execute("c"))[0] == "rebuffed 34000"

    def test_an_unknown_statement_cannot_be_described(self) -> None:
        assert Playbook().client(describe("c", Target.STATEMENT)) == ["rebuffed 26000", "<E"]

    def test_names_are_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("passgate.codecs.postgres.session.names.MOST", 2)
        book = Playbook()
        book.client(parse("a", "a"), parse("b", "b"))
        assert book.client(parse("c", "c"))[0] == "rebuffed 54000"
        book = Playbook()
        book.client(parse("a", "a"), bind("a", "1"), bind("a", "2"))
        assert book.client(bind("a", "3"))[0] == "rebuffed 54000"

    def test_a_bind_is_asked_where_it_was_marked(self) -> None:
        book = Playbook()
        prepared(book, "deny later", "s")
        statement = book.conversation.statements.get("s")
        assert statement is not None
        statement.ask_at_bind = True
        assert book.client(bind("s")) == [">B"]
        assert book.asked[-1] == "AskBind deny later"


class TestCopy:
    def test_in_by_a_simple_query(self) -> None:
        book = Playbook()
        book.client(Query(text="copy t from stdin"))
        assert book.client(CopyData(data=b"early")) == []
        assert book.server(CopyInResponse(format=0, column_formats=(0,))) == ["CopyInStarted"]
        assert book.client(CopyData(data=b"1\n"), Sync(), Flush(), CopyDone(), CopyData(data=b"late")) == [">d", ">c"]
        assert book.server(CommandComplete(tag="COPY 1"), IDLE)[-1] == "ready I"

    def test_in_by_an_execute_whose_sync_the_server_ignores(self) -> None:
        book = Playbook()
        book.client(parse("copy t from stdin"), bind(), describe(), execute(), Sync())
        book.server(ParseComplete(), BindComplete(), NoData(), CopyInResponse(format=0, column_formats=(0,)))
        assert book.client(CopyData(data=b"1\n"), CopyFail(reason="no"), Sync()) == [">d", ">f", ">S"]
        assert book.server(ERROR, IDLE) == ["failed copy t from stdin: 22012", "ready I"]

    def test_out(self) -> None:
        book = Playbook()
        book.client(Query(text="copy t to stdout"))
        answers = book.server(
            CopyOutResponse(format=0, column_formats=(0,)),
            CopyData(data=b"1\n"),
            CopyDone(),
            CommandComplete(tag="COPY 1"),
            IDLE,
        )
        assert answers == ["CopyOutStarted", "CopyRows", "CopyEnded", "completed copy t to stdout: COPY 1", "ready I"]

    @pytest.mark.parametrize("message", [Query(text="x"), parse("x"), bind(), describe(), execute(), close("x")])
    def test_nothing_else_goes_in_between(self, message: Query) -> None:
        book = Playbook()
        book.client(Query(text="copy t from stdin"))
        book.server(CopyInResponse(format=0, column_formats=(0,)))
        with pytest.raises(RemoteProtocolError):
            book.client(message)


class TestRefusedAndUnexpected:
    def test_function_calls(self) -> None:
        book = Playbook()
        assert book.client(FunctionCall(function=1)) == ["rebuffed 0A000", "<E", "<Z"]
        assert book.client(Query(text="select 1")) == [">Q"]

    @pytest.mark.parametrize(
        "message",
        [
            ParseComplete(),
            BindComplete(),
            CloseComplete(),
            NoData(),
            PortalSuspended(),
            COLUMNS,
            ROW,
            DONE,
            EmptyQueryResponse(),
            IDLE,
            CopyInResponse(format=0, column_formats=()),
            CopyOutResponse(format=0, column_formats=()),
            CopyBothResponse(format=0, column_formats=()),
            CopyData(data=b""),
            CopyDone(),
            FunctionCallResponse(result=None),
            ParameterDescription(types=()),
        ],
    )
    def test_replies_that_nobody_asked_for(self, message: ParseComplete) -> None:
        with pytest.raises(RemoteProtocolError):
            Playbook().server(message)

    @pytest.mark.parametrize("message", [PortalSuspended(), CopyData(data=b""), CopyDone(), ParseComplete()])
    def test_replies_that_do_not_fit_a_query(self, message: ParseComplete) -> None:
        book = Playbook()
        book.client(Query(text="select 1"))
        with pytest.raises(RemoteProtocolError):
            book.server(message)

    def test_a_type_that_is_not_known(self) -> None:
        book = Playbook()
        for handle in (book.conversation.from_client, book.conversation.from_server):
            with pytest.raises(RemoteProtocolError):
                handle(Frame(ord("~"), 1, b"~\0\0\0\4", True))

    def test_what_a_server_may_always_say(self) -> None:
        assert Playbook().server(
            ParameterStatus(name="a", value="b"),
            NotificationResponse(process_id=1, channel="c", payload="p"),
            NoticeResponse(message="n"),
            ERROR,
        ) == ["ParameterChanged", "Notified", "Noticed", "failed -: 22012"]

    def test_goodbye(self) -> None:
        assert Playbook().client(Terminate()) == ["Terminated"]


class TestOwnExchanges:
    def test_the_client_sees_nothing_of_it(self) -> None:
        book = Playbook()
        exchange, items = book.conversation.own(parse("begin", "passgate_own").encode())
        assert book.act(items) == [">PS"]
        answers = book.server(
            CloseComplete(), ParseComplete(), BindComplete(), NoData(), ROW, ROW, PortalSuspended(), DONE, IN_BLOCK
        )
        assert answers == ["ready T unseen", "answered 2"]
        assert exchange.done
        assert exchange.error is None

    def test_its_error_is_the_gates(self) -> None:
        book = Playbook()
        exchange, _ = book.conversation.own(b"")
        assert book.server(ERROR, IDLE)[-1] == "answered 0"
        assert exchange.error is not None

    def test_only_while_the_server_is_quiet(self) -> None:
        book = Playbook()
        book.client(parse("select 1"), bind(), execute())
        with pytest.raises(LocalProtocolError):
            book.conversation.own(b"")
        with pytest.raises(LocalProtocolError):
            book.conversation.own_sync()
        with pytest.raises(LocalProtocolError):
            book.conversation.interject(REFUSED)

    def test_a_guarded_query_and_a_guarded_execute(self) -> None:
        book = Playbook()
        ask = book.conversation.from_client(frame(Query(text="update")))[0]
        assert isinstance(ask, AskQuery)
        assert book.act(book.conversation.release(ask, "update", guarded=True)) == [">Q"]
        assert book.server(CommandComplete(tag="UPDATE 1"), IN_BLOCK) == [
            "completed update: UPDATE 1",
            "ready T unseen",
        ]
        assert book.act([book.conversation.ready()]) == ["<Z"]
        prepared(book, "update 2", "s")
        book.client(bind("s", "p"))
        ask = book.conversation.from_client(frame(execute("p")))[0]
        assert isinstance(ask, AskExecute)
        assert book.act(book.conversation.own_sync()) == [">S"]
        book.server(BindComplete(), IDLE)
        assert book.act(book.conversation.release(ask, "update 2", guarded=True, rebind=True)) == [">B", ">E"]
        assert book.server(BindComplete(), CommandComplete(tag="UPDATE 9")) == ["completed update 2: UPDATE 9"]

    def test_an_error_behind_an_unseen_sync_drops_up_to_the_clients_own(self) -> None:
        book = Playbook()
        prepared(book, "update", "s")
        book.client(bind("s", "p"))
        book.act(book.conversation.own_sync())
        assert book.server(ERROR, IDLE) == ["failed -: 22012", "ready I unseen"]
        assert book.conversation.skipping
        assert book.client(execute("p"), Sync()) == [">S"]

    def test_an_interjected_error_drops_up_to_sync(self) -> None:
        book = Playbook()
        assert book.act(book.conversation.interject(REFUSED)) == ["<E!"]
        assert book.client(parse("x"), Sync()) == [">S"]


class TestMisuse:
    def test_one_ask_at_a_time_answered_once_with_something_to_know_it_by(self) -> None:
        conversation = Playbook().conversation
        ask = conversation.from_client(frame(Query(text="a")))[0]
        assert isinstance(ask, AskQuery)
        with pytest.raises(LocalProtocolError):
            conversation.from_client(frame(Sync()))
        with pytest.raises(LocalProtocolError):
            conversation.release(AskQuery(text="b", data=b""), "b")
        with pytest.raises(LocalProtocolError):
            conversation.release(ask)
        with pytest.raises(LocalProtocolError):
            conversation.refuse(ask, REFUSED)


def test_what_is_running_can_be_asked() -> None:
    book = Playbook()
    assert book.conversation.running is None
    assert book.conversation.quiet
    book.client(Query(text="a"), Query(text="b"))
    assert book.conversation.running is not None
    assert book.conversation.running.work == "a"
    assert [execution.work for execution in book.conversation.executions()] == ["a", "b"]
    assert book.conversation.in_flight == 2
    assert book.conversation.block is None
    book.server(DONE, IDLE, DONE, IN_BLOCK)
    assert book.conversation.block is True
