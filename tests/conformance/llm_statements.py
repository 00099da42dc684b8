"""What a transparent, masking gate in front of models must preserve: 46 statements, and the tests that hold each.

The statements come from what the official SDKs, Claude Code and Codex rely on, and from vendors' documents. A statement that is not
held, or not all of it, says so in ``open``.
"""

from dataclasses import dataclass

DRIVERS, WHOLE = "tests/drivers/llm", "tests/integration/llm"
CODEC, ENDPOINT = "tests/unit/codecs/llm", "tests/unit/endpoints/llm"
ANSWERS = f"{CODEC}/answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """``held``: tests by file and name. ``open``: what no test holds, and why; empty where all of it is held."""

    number: int
    says: str
    held: tuple[str, ...] = ()
    open: str = ""


STATEMENTS = (
    # -- Routing and sign-in -------------------------------------------------------------------------------------------
    Statement(
        number=1,
        says="The caller's key is taken from Authorization: Bearer and from x-api-key, on every path.",
        held=(
            f"{DRIVERS}/test_refusals.py::test_models_are_listed_at_once_with_the_key_in_either_header",
            f"{WHOLE}/test_refusals.py::test_either_header_and_both_open_the_gate",
            f"{ENDPOINT}/test_admission.py::test_a_key_is_found_in_either_header",
        ),
    ),
    Statement(
        number=2,
        says="It is replaced, never forwarded; the upstream's own goes in the form that it wants, never in a URL.",
        held=(
            f"{CODEC}/test_headers.py::test_each_provider_gets_its_credential_in_its_own_form",
            f"{WHOLE}/test_transparency.py::test_the_credential_is_nowhere_but_upstream",
            f"{DRIVERS}/test_chat.py::test_an_answer",
        ),
    ),
    Statement(
        number=3,
        says="Paths are matched without their query, and the query is kept.",
        held=(f"{DRIVERS}/test_messages.py::test_headers_that_nobody_knows_reach_the_provider_and_the_query_stays",),
    ),
    Statement(
        number=4,
        says="Base URLs with and without /v1 work on one listener, and no prefix is needed to tell the dialect.",
        held=(
            f"{DRIVERS}/test_chat.py::test_an_answer",
            f"{DRIVERS}/test_messages.py::test_an_answer",
            f"{CODEC}/test_operations.py::test_a_shared_path_is_told_apart_by_its_headers",
        ),
    ),
    Statement(
        number=5,
        says="HEAD / is answered.",
        held=(f"{DRIVERS}/test_refusals.py::test_a_probe_of_the_root_is_answered",),
    ),
    Statement(
        number=6,
        says="GET /v1/models answers at once in the dialect's form, with those models only that the caller may use.",
        held=(
            f"{DRIVERS}/test_refusals.py::test_models_are_listed_at_once_with_the_key_in_either_header",
            f"{DRIVERS}/test_other_paths.py::test_models",
            f"{WHOLE}/test_resources.py::test_only_those_that_may_be_used_are_listed",
        ),
    ),
    Statement(
        number=7,
        says="A redirect is returned, never followed with the credential.",
        held=(
            f"{DRIVERS}/test_errors.py::test_a_redirect_is_not_followed_with_the_credential",
            f"{WHOLE}/test_transparency.py::test_a_redirect_is_returned_and_not_followed",
        ),
    ),
    # -- Request body and headers --------------------------------------------------------------------------------------
    Statement(
        number=8,
        says="Headers and fields that nobody knows are forwarded; betas and versions to the byte.",
        held=(
            f"{DRIVERS}/test_messages.py::test_headers_that_nobody_knows_reach_the_provider_and_the_query_stays",
            f"{DRIVERS}/test_chat.py::test_fields_that_nobody_knows_reach_the_provider",
            f"{CODEC}/test_headers.py::test_what_is_of_the_connection_or_of_the_gate_stays_and_all_else_goes",
        ),
    ),
    Statement(
        number=9,
        says="A header and the field it belongs to travel together.",
        held=(f"{DRIVERS}/test_messages.py::test_headers_that_nobody_knows_reach_the_provider_and_the_query_stays",),
    ),
    Statement(
        number=10,
        says="Masking edits string leaves in place and nothing else; where nothing matched the original bytes go on.",
        held=(
            f"{WHOLE}/test_transparency.py::test_a_body_without_findings_leaves_as_it_came",
            f"{WHOLE}/test_transparency.py::test_only_the_leaf_is_edited",
            f"{CODEC}/test_fields.py::test_without_edits_the_body_is_the_same_object",
            f"{CODEC}/test_json_text.py::test_edits_change_their_tokens_and_no_other_byte",
        ),
    ),
    Statement(
        number=11,
        says="Thoughts, signatures, encrypted content, ids, base64 media, schema keywords, models and cache markers stay.",
        held=(
            f"{DRIVERS}/test_messages.py::test_signed_thinking_and_tools_survive_the_next_turn",
            f"{DRIVERS}/test_responses.py::test_reasoning_comes_back_as_it_was",
            f"{CODEC}/test_anthropic_messages.py::test_thoughts_are_looked_at_and_never_edited",
            f"{CODEC}/test_fields.py::test_what_may_not_be_edited_is_not",
        ),
    ),
    Statement(
        number=12,
        says="The same value gives the same placeholder on every turn and in every worker; cache markers are not touched.",
        held=(
            f"{DRIVERS}/test_refusals.py::test_the_same_value_looks_the_same_on_every_turn",
            f"{WHOLE}/test_whole_gate.py::test_two_workers_give_the_same_token",
        ),
    ),
    Statement(
        number=13,
        says="Claude Code's line of attribution in the system prompt is left alone.",
        held=(f"{WHOLE}/test_transparency.py::test_a_body_without_findings_leaves_as_it_came",),
        open="No test sends that very line: it is a text without findings like any other.",
    ),
    Statement(
        number=14,
        says="Bodies come in gzip, deflate and zstd, with a bound on what they decode to; other codings are refused.",
        held=(
            f"{WHOLE}/test_transparency.py::test_bodies_come_compressed_and_leave_plain",
            f"{WHOLE}/test_refusals.py::test_codings_of_bodies",
            f"{ENDPOINT}/test_bodies.py::test_a_small_body_that_becomes_a_large_one_is_stopped",
        ),
    ),
    Statement(
        number=15,
        says="Sizes up to the provider's own; past them 413 in the dialect's form; files are not held in memory.",
        held=(
            f"{WHOLE}/test_transparency.py::test_thirty_one_megabytes",
            f"{WHOLE}/test_refusals.py::test_a_body_that_is_too_large",
            f"{WHOLE}/test_files.py::test_a_file_that_is_too_large",
            f"{ENDPOINT}/test_settings.py::test_bounds_are_those_of_the_providers_at_least",
        ),
        open="No test sends hundreds of megabytes.",
    ),
    Statement(
        number=16,
        says="Headers up to 64 KiB.",
        held=(f"{WHOLE}/test_refusals.py::test_headers_that_are_too_large",),
    ),
    Statement(
        number=17,
        says="Expect: 100-continue, chunked bodies, keep-alive and pipelining work; parts of forms pass to the byte.",
        held=(
            f"{WHOLE}/test_http.py::test_expect_100_continue",
            f"{WHOLE}/test_http.py::test_a_chunked_body_byte_by_byte",
            f"{WHOLE}/test_http.py::test_requests_one_behind_the_other",
            f"{DRIVERS}/test_other_paths.py::test_a_batch_of_openai",
        ),
        open="Audio and pictures by form are no governed paths: they are refused.",
    ),
    Statement(
        number=18,
        says="count_tokens is masked like messages.",
        held=(
            f"{DRIVERS}/test_messages.py::test_count_tokens",
            f"{DRIVERS}/test_leaks.py::test_every_place_of_every_request",
            f"{CODEC}/test_anthropic_messages.py::test_counting_reads_as_asking_does",
        ),
    ),
    Statement(
        number=19,
        says="Responses with compaction: what comes back goes out again as it was.",
        held=(f"{DRIVERS}/test_responses.py::test_compaction",),
        open="A compaction_trigger item goes on like any item; Codex itself was not run.",
    ),
    Statement(
        number=20,
        says="The WebSocket upgrade of Responses is turned down at once.",
        held=(
            f"{DRIVERS}/test_refusals.py::test_a_websocket_is_turned_down_at_once",
            f"{WHOLE}/test_refusals.py::test_a_websocket_is_turned_down_at_once",
        ),
    ),
    Statement(
        number=21,
        says="A caller who goes away ends the provider's work, and what was sent is recorded.",
        held=(
            f"{DRIVERS}/test_errors.py::test_a_caller_who_leaves_midway_ends_the_providers_work",
            f"{DRIVERS}/test_errors.py::test_a_provider_that_hangs_runs_into_the_callers_timeout",
            f"{WHOLE}/test_resources.py::test_a_stream_that_was_left_costs_what_was_expected_and_what_was_seen",
        ),
    ),
    # -- Streaming -----------------------------------------------------------------------------------------------------
    Statement(
        number=22,
        says="A stream says what it is, is not compressed, and shows each event when it comes.",
        held=(
            f"{WHOLE}/test_streams.py::test_a_stream_says_what_it_is",
            f"{WHOLE}/test_streams.py::test_what_comes_is_shown_before_what_is_still_to_come",
        ),
    ),
    Statement(
        number=23,
        says="Anthropic's events keep their event line; heartbeats are what SDKs pass over.",
        held=(
            f"{DRIVERS}/test_messages.py::test_blocks_in_order_with_thinking_tools_and_citations",
            f"{ANSWERS}/test_messages_stream.py::test_a_ping_keeps_its_place",
            f"{ANSWERS}/test_reader.py::test_a_heartbeat_is_a_whole_event_that_says_nothing",
        ),
    ),
    Statement(
        number=24,
        says="Nothing of the gate's own is put into a stream: its facts are headers.",
        held=(
            f"{ANSWERS}/test_event_stream.py::test_where_nothing_is_found_every_byte_is_the_upstreams",
            f"{DRIVERS}/test_refusals.py::test_policy_forbids_for_good",
        ),
    ),
    Statement(
        number=25,
        says="Blocks are begun, filled and ended in order; what was held back leaves before its block ends.",
        held=(
            f"{DRIVERS}/test_messages.py::test_blocks_in_order_with_thinking_tools_and_citations",
            f"{ANSWERS}/test_messages_stream.py::test_the_tail_of_a_block_leaves_before_its_end",
        ),
    ),
    Statement(
        number=26,
        says="Streamed arguments of tools are fragments of JSON: what their strings say is looked at, escapes and all.",
        held=(
            f"{DRIVERS}/test_leaks.py::test_answers",
            f"{DRIVERS}/test_chat.py::test_tools_in_a_stream",
            f"{WHOLE}/test_streams.py::test_tool_arguments_get_their_values_back",
        ),
    ),
    Statement(
        number=27,
        says="A stream of chat ends with [DONE], and the chunk with the usage has no choices.",
        held=(
            f"{DRIVERS}/test_chat.py::test_a_stream",
            f"{ANSWERS}/test_chat_stream.py::test_the_end_of_the_stream_is_always_said",
        ),
    ),
    Statement(
        number=28,
        says="Of Responses every copy of a text is masked, and sequence numbers have no gap.",
        held=(
            f"{DRIVERS}/test_responses.py::test_a_stream_says_the_same_in_every_place",
            f"{DRIVERS}/test_responses.py::test_sequence_numbers_have_no_gaps",
            f"{ANSWERS}/test_responses_stream.py::test_every_copy_of_a_text_is_masked",
            f"{ANSWERS}/test_responses_stream.py::test_numbers_stay_gap_free_where_an_event_was_added",
        ),
    ),
    Statement(
        number=29,
        says="Usage is forwarded as it is.",
        held=(
            f"{DRIVERS}/test_chat.py::test_a_stream",
            f"{ANSWERS}/test_messages_stream.py::test_usage_models_reasons_and_tools_are_known_at_the_end",
            f"{ANSWERS}/test_event_stream.py::test_where_nothing_is_found_every_byte_is_the_upstreams",
        ),
    ),
    Statement(
        number=30,
        says="Policy refuses before the first byte in the dialect's JSON, and after it by the dialect's error event.",
        held=(
            f"{DRIVERS}/test_refusals.py::test_policy_forbids_for_good",
            f"{WHOLE}/test_streams.py::test_a_revoked_pass_ends_its_streams",
            f"{CODEC}/test_refusal.py::test_the_last_event_of_a_message",
            f"{CODEC}/test_refusal.py::test_the_last_event_of_a_chat",
            f"{CODEC}/test_refusal.py::test_the_last_event_of_a_response",
        ),
    ),
    Statement(
        number=31,
        says="A quiet stream shows that it lives more often than once a minute.",
        held=(
            f"{WHOLE}/test_streams.py::test_a_quiet_stream_shows_that_it_lives",
            f"{ENDPOINT}/test_answering.py::test_a_quiet_stream_is_kept_alive",
        ),
    ),
    # -- Errors, retries, ids ------------------------------------------------------------------------------------------
    Statement(
        number=32,
        says="The provider's errors pass as they are, their status included.",
        held=(
            f"{DRIVERS}/test_errors.py::test_bodies_that_are_not_of_the_dialect_pass_to_the_byte",
            f"{DRIVERS}/test_errors.py::test_types_of_anthropic",
            f"{WHOLE}/test_transparency.py::test_the_providers_errors_come_back_as_they_are",
        ),
    ),
    Statement(
        number=33,
        says="The gate's own errors have each dialect's form.",
        held=(
            f"{DRIVERS}/test_refusals.py::test_policy_forbids_for_good",
            f"{DRIVERS}/test_errors.py::test_a_path_that_nobody_knows",
            f"{CODEC}/test_refusal.py::test_openais_shape",
        ),
    ),
    Statement(
        number=34,
        says="Policy refuses with 403 and x-should-retry: false, is not asked again, and never repeats the secret.",
        held=(f"{DRIVERS}/test_refusals.py::test_policy_forbids_for_good",),
    ),
    Statement(
        number=35,
        says="A quota that is spent is 429 with retry-after where waiting helps.",
        held=(
            f"{WHOLE}/test_refusals.py::test_a_budget_that_is_spent",
            f"{CODEC}/test_refusal.py::test_headers_say_what_else_helps",
            f"{DRIVERS}/test_errors.py::test_the_providers_own_retry_after_is_kept_to",
        ),
    ),
    Statement(
        number=36,
        says="What the gate itself depends on being down is 503, never 401.",
        held=(
            f"{WHOLE}/test_refusals.py::test_a_store_that_is_down_is_no_wrong_key",
            f"{WHOLE}/test_refusals.py::test_a_ledger_that_cannot_record_lets_nothing_through",
        ),
    ),
    Statement(
        number=37,
        says="The provider's ids of requests come back untouched; the gate's own has a header of its own.",
        held=(
            f"{DRIVERS}/test_errors.py::test_classes_of_openai",
            f"{DRIVERS}/test_messages.py::test_an_answer",
            f"{DRIVERS}/test_refusals.py::test_policy_forbids_for_good",
        ),
    ),
    Statement(
        number=38,
        says="Rate limits and the like pass; cookies, what is of the connection, and echoes of the upstream's key do not.",
        held=(
            f"{WHOLE}/test_transparency.py::test_the_providers_answer_comes_back_with_its_headers",
            f"{DRIVERS}/test_leaks.py::test_headers_of_answers",
            f"{DRIVERS}/test_leaks.py::test_errors",
        ),
        open="The values of other headers of an answer pass unread: they are taken for the provider's own words.",
    ),
    Statement(
        number=39,
        says="529 stays 529.",
        held=(
            f"{DRIVERS}/test_errors.py::test_types_of_anthropic",
            f"{DRIVERS}/test_errors.py::test_an_overloaded_provider_is_asked_again",
        ),
    ),
    Statement(
        number=40,
        says="No field of the gate's own is put into an answer.",
        held=(
            f"{WHOLE}/test_transparency.py::test_the_providers_answer_comes_back_with_its_headers",
            f"{ENDPOINT}/test_answering.py::test_nothing_masked_nothing_changed",
        ),
    ),
    # -- Transport -----------------------------------------------------------------------------------------------------
    Statement(
        number=41,
        says="The gate waits for the provider at least as long as SDKs do, and keeps connections longer than clients.",
        held=(
            f"{ENDPOINT}/test_settings.py::test_bounds_are_those_of_the_providers_at_least",
            f"{WHOLE}/test_http.py::test_a_connection_that_was_used_may_wait",
        ),
        open="No test waits 600 seconds: the bound itself is looked at.",
    ),
    Statement(
        number=42,
        says="Connections to the provider are used again; addresses are looked up anew.",
        held=(f"{WHOLE}/test_transparency.py::test_a_connection_is_used_again_on_both_sides",),
        open="HTTP/2 upstream is not spoken, and no test changes a name's address.",
    ),
    Statement(
        number=43,
        says="An answer never has a Content-Encoding that does not fit, and compressed ones are looked at all the same.",
        held=(
            f"{DRIVERS}/test_errors.py::test_compressed_answers",
            f"{WHOLE}/test_transparency.py::test_an_answer_that_is_compressed_all_the_same_is_looked_at",
        ),
    ),
    Statement(
        number=44,
        says="TLS, or plain HTTP on loopback.",
        held=(f"{WHOLE}/test_whole_gate.py::test_plain_http_is_not_spoken_where_tls_is",),
        open="Which addresses a host's name resolves to is the operator's business.",
    ),
    # -- Identity and session ------------------------------------------------------------------------------------------
    Statement(
        number=45,
        says="What a client says of its session and its agent is recorded as a claim, and nothing is decided by it.",
        held=(
            f"{ENDPOINT}/test_events.py::test_claims_are_masked_and_bounded",
            f"{CODEC}/test_headers.py::test_claims",
            f"{WHOLE}/test_resources.py::test_one_session_for_each_pass_and_resource",
        ),
    ),
    Statement(
        number=46,
        says="Claude Code signs in at the gate by the gateway protocol.",
        open="It comes with the identity work: until then a pass's key is given to it like any API key.",
    ),
)
