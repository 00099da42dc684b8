"""Where a client finds the results of a batch."""

import pytest
from aiohttp.test_utils import make_mocked_request

from passgate.codecs.llm.operations import find_operation
from passgate.endpoints.llm.results import led_back, names_results, own_origin

OWN = "https://gate.example:8443/claude"
NAMED = b'{"id": "b", "results_url": "https://api.example.com/v1/messages/batches/b/results", "n": 1.50}'


def test_the_address_leads_to_the_gate_and_nothing_else_changes() -> None:
    expected = (
        b'{"id": "b", "results_url": "https://gate.example:8443/claude/v1/messages/batches/b/results", "n": 1.50}'
    )
    assert led_back(NAMED, OWN) == expected
    listed = b'{"data":[' + NAMED + b"," + NAMED + b"]}"
    assert led_back(listed, OWN) == b'{"data":[' + expected + b"," + expected + b"]}"


def test_with_slashes_that_are_escaped() -> None:
    assert led_back(b'{"results_url":"https:\\/\\/api.example.com\\/v1"}', OWN) == (
        b'{"results_url":"https://gate.example:8443/claude\\/v1"}'
    )


def test_what_a_client_calls_the_gate_stays_a_text() -> None:
    assert (
        led_back(b'{"results_url":"http://a/v1"}', 'http://x","y":"') == b'{"results_url":"http://x\\",\\"y\\":\\"/v1"}'
    )


@pytest.mark.parametrize("body", [b"", b'{"results_url": null}', b'{"url": "https://api.example.com/v1"}'])
def test_an_answer_without_results_is_left_as_it_is(body: bytes) -> None:
    assert led_back(body, OWN) == body


@pytest.mark.parametrize(
    ("raw", "path", "origin"),
    [
        ("/v1/messages/batches/b", "/v1/messages/batches/b", "http://gate:1"),
        ("/claude/v1/messages/batches?limit=2", "/v1/messages/batches?limit=2", "http://gate:1/claude"),
    ],
)
def test_the_gate_is_named_as_the_client_named_it(raw: str, path: str, origin: str) -> None:
    assert own_origin(make_mocked_request("GET", raw, headers={"Host": "gate:1"}), path) == origin


def test_which_answers_name_results() -> None:
    headers = {"anthropic-version": "2023-06-01"}
    yes = [
        ("POST", "/v1/messages/batches"),
        ("GET", "/v1/messages/batches/b"),
        ("POST", "/v1/messages/batches/b/cancel"),
    ]
    no = [("GET", "/v1/messages/batches/b/results"), ("POST", "/v1/messages"), ("POST", "/v1/batches")]
    assert [names_results(op) for one in yes if (op := find_operation(*one, headers))] == [True] * 3
    assert [names_results(op) for one in no if (op := find_operation(*one, {}))] == [False] * 3
