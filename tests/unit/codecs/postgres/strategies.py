"""Every message there can be, made up at random but valid."""

import dataclasses
import itertools

from hypothesis import strategies as st

from passgate.codecs.postgres.asynchronous import NotificationResponse, ParameterStatus, Terminate
from passgate.codecs.postgres.authentication import (
    AuthenticationCleartextPassword,
    AuthenticationGSS,
    AuthenticationGSSContinue,
    AuthenticationKerberosV5,
    AuthenticationMD5Password,
    AuthenticationOk,
    AuthenticationSASL,
    AuthenticationSASLContinue,
    AuthenticationSASLFinal,
    AuthenticationSSPI,
    PasswordMessage,
    SASLInitialResponse,
    SASLResponse,
)
from passgate.codecs.postgres.bind import Bind
from passgate.codecs.postgres.cancellation import MAX_KEY, MIN_KEY, BackendKeyData, CancelRequest
from passgate.codecs.postgres.copy import (
    CopyBothResponse,
    CopyData,
    CopyDone,
    CopyFail,
    CopyInResponse,
    CopyOutResponse,
    CopyResponse,
)
from passgate.codecs.postgres.error_response import ErrorResponse, NoticeResponse, Report
from passgate.codecs.postgres.extended_query import (
    BindComplete,
    Close,
    CloseComplete,
    Describe,
    Execute,
    Flush,
    NoData,
    ParameterDescription,
    Parse,
    ParseComplete,
    PortalSuspended,
    Sync,
    Target,
)
from passgate.codecs.postgres.function_call import FunctionCall, FunctionCallResponse
from passgate.codecs.postgres.row_description import DataRow, FieldDescription, RowDescription
from passgate.codecs.postgres.simple_query import (
    CommandComplete,
    EmptyQueryResponse,
    Query,
    ReadyForQuery,
    TransactionStatus,
)
from passgate.codecs.postgres.startup import (
    GSSENCRequest,
    NegotiateProtocolVersion,
    SSLRequest,
    StartupMessage,
)

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
words = texts.filter(bool)
oids = st.integers(0, 0xFFFFFFFF)
int16s = st.integers(-0x8000, 0x7FFF)
int32s = st.integers(-0x80000000, 0x7FFFFFFF)
formats = st.sampled_from([0, 1])
values = st.none() | st.binary(max_size=20)
keys = st.binary(min_size=MIN_KEY, max_size=MAX_KEY)


def tuples(of: st.SearchStrategy, **sizes: int) -> st.SearchStrategy:
    return st.lists(of, **({"max_size": 5} | sizes)).map(tuple)


@st.composite
def with_formats(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[bytes | None, ...]]:
    """Values, and as many format codes as the rule of Bind allows."""
    drawn = draw(tuples(values))
    count = draw(st.sampled_from([0, 1, len(drawn)]))
    return draw(tuples(formats, min_size=count, max_size=count)), drawn


@st.composite
def binds(draw: st.DrawFn) -> Bind:
    codes, parameters = draw(with_formats())
    return Bind(
        portal=draw(texts),
        statement=draw(texts),
        parameter_formats=codes,
        parameters=parameters,
        result_formats=draw(tuples(formats)),
    )


@st.composite
def function_calls(draw: st.DrawFn) -> FunctionCall:
    codes, arguments = draw(with_formats())
    return FunctionCall(function=draw(oids), argument_formats=codes, arguments=arguments, result_format=draw(formats))


def copy_responses(kind: type[CopyResponse]) -> st.SearchStrategy[CopyResponse]:
    text = st.builds(kind, format=st.just(0), column_formats=tuples(st.just(0)))
    return text | st.builds(kind, format=st.just(1), column_formats=tuples(formats))


def reports(kind: type[Report]) -> st.SearchStrategy[Report]:
    return st.fixed_dictionaries(
        {}, optional=dict.fromkeys((part.name for part in dataclasses.fields(Report)), texts)
    ).map(lambda fields: kind(**fields))


fields = st.builds(
    FieldDescription,
    name=texts,
    table=oids,
    attribute=int16s,
    type=oids,
    size=int16s,
    modifier=int32s,
    format=formats,
)
data_rows = st.builds(DataRow, values=tuples(values))
row_descriptions = st.builds(RowDescription, fields=tuples(fields))

frontend = st.one_of(
    st.builds(Query, text=texts),
    st.builds(Parse, statement=texts, text=texts, parameter_types=tuples(oids)),
    binds(),
    st.builds(Describe, target=st.sampled_from(Target), name=texts),
    st.builds(Execute, portal=texts, max_rows=int32s),
    st.builds(Close, target=st.sampled_from(Target), name=texts),
    st.just(Sync()),
    st.just(Flush()),
    st.builds(CopyData, data=st.binary(max_size=50)),
    st.just(CopyDone()),
    st.builds(CopyFail, reason=texts),
    function_calls(),
    st.just(Terminate()),
)
authentications = st.one_of(
    st.just(AuthenticationOk()),
    st.just(AuthenticationKerberosV5()),
    st.just(AuthenticationCleartextPassword()),
    st.builds(AuthenticationMD5Password, salt=st.binary(min_size=4, max_size=4)),
    st.just(AuthenticationGSS()),
    st.builds(AuthenticationGSSContinue, data=st.binary(max_size=20)),
    st.just(AuthenticationSSPI()),
    st.builds(AuthenticationSASL, mechanisms=tuples(words)),
    st.builds(AuthenticationSASLContinue, data=st.binary(max_size=20)),
    st.builds(AuthenticationSASLFinal, data=st.binary(max_size=20)),
)
backend = st.one_of(
    authentications,
    st.builds(ParameterStatus, name=texts, value=texts),
    st.builds(BackendKeyData, process_id=oids, key=keys),
    st.builds(ReadyForQuery, status=st.sampled_from(TransactionStatus)),
    st.builds(NegotiateProtocolVersion, newest=oids, unknown_options=tuples(texts)),
    row_descriptions,
    data_rows,
    st.builds(CommandComplete, tag=texts),
    st.just(EmptyQueryResponse()),
    st.just(ParseComplete()),
    st.just(BindComplete()),
    st.just(CloseComplete()),
    st.just(NoData()),
    st.just(PortalSuspended()),
    st.builds(ParameterDescription, types=tuples(oids)),
    reports(ErrorResponse),
    reports(NoticeResponse),
    copy_responses(CopyInResponse),
    copy_responses(CopyOutResponse),
    copy_responses(CopyBothResponse),
    st.builds(CopyData, data=st.binary(max_size=50)),
    st.just(CopyDone()),
    st.builds(NotificationResponse, process_id=oids, channel=texts, payload=texts),
    st.builds(FunctionCallResponse, result=values),
)
answers = st.one_of(
    st.builds(PasswordMessage, password=texts),
    st.builds(SASLInitialResponse, mechanism=texts, data=values),
    st.builds(SASLResponse, data=st.binary(max_size=20)),
)


@st.composite
def startup_messages(draw: st.DrawFn) -> StartupMessage:
    parameters = draw(st.dictionaries(words.filter(lambda name: name != "user"), texts, max_size=4))
    pairs = [("user", draw(words)), *parameters.items()]
    return StartupMessage(parameters=tuple(draw(st.permutations(pairs))), minor=draw(st.integers(0, 0xFFFF)))


startup_packets = st.one_of(
    startup_messages(),
    st.just(SSLRequest()),
    st.just(GSSENCRequest()),
    st.builds(CancelRequest, process_id=oids, key=keys),
)


def chunkings(size: int) -> st.SearchStrategy[list[int]]:
    """Where to cut ``size`` bytes."""
    return st.lists(st.integers(0, size), max_size=10).map(sorted)


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    bounds = [0, *cuts, len(data)]
    return [data[start:end] for start, end in itertools.pairwise(bounds)]
