"""Every message there is, by direction and type byte. A type that is not in the table is not modelled and therefore refused."""

from collections.abc import Callable

from passgate.codecs.postgres.asynchronous import NotificationResponse, ParameterStatus, Terminate
from passgate.codecs.postgres.authentication import REQUEST, Authentication, parse_authentication
from passgate.codecs.postgres.bind import Bind
from passgate.codecs.postgres.cancellation import BackendKeyData
from passgate.codecs.postgres.copy import (
    CopyBothResponse,
    CopyData,
    CopyDone,
    CopyFail,
    CopyInResponse,
    CopyOutResponse,
)
from passgate.codecs.postgres.error_response import ErrorResponse, NoticeResponse
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
)
from passgate.codecs.postgres.function_call import FunctionCall, FunctionCallResponse
from passgate.codecs.postgres.row_description import DataRow, RowDescription
from passgate.codecs.postgres.simple_query import CommandComplete, EmptyQueryResponse, Query, ReadyForQuery
from passgate.codecs.postgres.startup import NegotiateProtocolVersion

FrontendMessage = (
    Query
    | Parse
    | Bind
    | Describe
    | Execute
    | Close
    | Sync
    | Flush
    | CopyData
    | CopyDone
    | CopyFail
    | FunctionCall
    | Terminate
)
BackendMessage = (
    Authentication
    | ParameterStatus
    | BackendKeyData
    | ReadyForQuery
    | NegotiateProtocolVersion
    | RowDescription
    | DataRow
    | CommandComplete
    | EmptyQueryResponse
    | ParseComplete
    | BindComplete
    | CloseComplete
    | NoData
    | PortalSuspended
    | ParameterDescription
    | ErrorResponse
    | NoticeResponse
    | CopyInResponse
    | CopyOutResponse
    | CopyBothResponse
    | CopyData
    | CopyDone
    | NotificationResponse
    | FunctionCallResponse
)

# An answer to an authentication request ('p') is not here: only the request before it tells its kind (authentication.py).
FRONTEND: dict[int, Callable[[bytes], FrontendMessage]] = {
    kind.TYPE: kind.parse
    for kind in (
        Query,
        Parse,
        Bind,
        Describe,
        Execute,
        Close,
        Sync,
        Flush,
        CopyData,
        CopyDone,
        CopyFail,
        FunctionCall,
        Terminate,
    )
}
BACKEND: dict[int, Callable[[bytes], BackendMessage]] = {REQUEST: parse_authentication} | {
    kind.TYPE: kind.parse
    for kind in (
        ParameterStatus,
        BackendKeyData,
        ReadyForQuery,
        NegotiateProtocolVersion,
        RowDescription,
        DataRow,
        CommandComplete,
        EmptyQueryResponse,
        ParseComplete,
        BindComplete,
        CloseComplete,
        NoData,
        PortalSuspended,
        ParameterDescription,
        ErrorResponse,
        NoticeResponse,
        CopyInResponse,
        CopyOutResponse,
        CopyBothResponse,
        CopyData,
        CopyDone,
        NotificationResponse,
        FunctionCallResponse,
    )
}
