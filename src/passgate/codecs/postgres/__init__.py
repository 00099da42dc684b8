"""PostgreSQL's wire protocol, 3.0 and 3.2, both directions, without I/O. Hostile bytes raise RemoteProtocolError and nothing else.

Every message class has ``TYPE`` (its type byte as a number), ``parse(payload)`` (body, header excluded) and ``encode()`` (whole).

startup.py         parse_startup(packet) -> StartupMessage | SSLRequest | GSSENCRequest | CancelRequest
                   .replication, .negotiation(); NegotiateProtocolVersion
cancellation.py    BackendKeyData, CancelRequest (keys of 4 to 256 bytes)
authentication.py  Authentication*, parse_authentication(payload);
                   answers ('p', told apart by context): PasswordMessage, SASLInitialResponse, SASLResponse
simple_query.py    Query, CommandComplete(.verb, .rows), EmptyQueryResponse, ReadyForQuery, TransactionStatus
extended_query.py  Parse, Describe, Execute, Close, Sync, Flush, Target; ParseComplete, BindComplete, CloseComplete, NoData,
                   PortalSuspended, ParameterDescription
bind.py            Bind
row_description.py RowDescription(.bound(formats)), FieldDescription, DataRow
copy.py            CopyData, CopyDone, CopyFail, CopyInResponse, CopyOutResponse, CopyBothResponse
function_call.py   FunctionCall, FunctionCallResponse
asynchronous.py    ParameterStatus, NotificationResponse, Terminate
error_response.py  ErrorResponse, NoticeResponse (same fields)
messages.py        FRONTEND, BACKEND: type byte -> what parses its payload; what is in neither is refused by the splitters
framing.py         frontend_splitter(limits), backend_splitter(limits), StartupSplitter, FrontendLimits, BackendLimits,
                   PRE_AUTHENTICATION, UPSTREAM_STARTUP. splitter.feed(data); while (frame := splitter.next()) is not None:
                   frame.kind, .count, .data (headers included), .payload, .whole. Runs of rows are one frame;
                   splitter.stream(ROWS) lets untouched rows through in pieces (frame.whole False, count = messages that end in it)
types.py           OIDs of built-in types; value_kind(oid), carrier(oid, format): what a mask fits in, where text can be found
shape.py           result_shape(description, origin) -> core Shape
cells.py           CellMasker: a plan on the cells of a run, column by column; shared by rows and COPY
rows.py            RowRewriter(plan=, description=, masker=).rewrite(run) -> Rewritten(data, rows, masked, dropped)
copy_formats.py    CopyOptions(format, delimiter, null, quote, escape, header); text, csv and binary taken apart and put together
copy_rows.py       CopyRewriter(plan=, columns=copy_columns(type OIDs, options), options=, masker=).rewrite(run), .finish()
values.py          decode_parameter(value, oid, format) -> ParameterValue(text, type, opaque): what the server would print
binary_values.py   the binary format of each built-in type it knows
refusal.py         refusal(...), fatal(sqlstate, ...), notice(...); masked(report, scan_text), withheld(report)
sqlstate.py        the codes in use, condition(sqlstate)
hot/               per message and per row, compiled by mypyc where a C compiler is there
"""
