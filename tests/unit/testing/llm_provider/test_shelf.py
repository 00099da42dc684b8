import json

import pytest

from passgate.testing.llm_provider.asked import BadRequestError
from passgate.testing.llm_provider.shelf import Shelf


def answering(path: str, document: object, size: int) -> dict[str, object]:
    if document == {"bad": True}:
        raise BadRequestError("no good")
    return {"path": path, "asked": document, "size": size}


def test_a_batch_answers_line_by_line_and_keeps_failures_apart() -> None:
    shelf = Shelf(answering)
    lines = [
        {"custom_id": "1", "url": "/v1/embeddings", "body": {"x": 1}},
        {"custom_id": "2", "url": "/", "body": {"bad": True}},
    ]
    data = b"\n".join(json.dumps(line).encode() for line in lines) + b"\n{broken\n"
    file = shelf.keep(name="a", purpose="batch", data=data, created=1)
    made = shelf.create_batch(
        {"input_file_id": file["id"], "endpoint": "/v1/embeddings", "completion_window": "24h"}, created=2
    )
    assert made["status"] == "validating"
    batch = shelf.batches[made["id"]]
    assert batch["request_counts"] == {"total": 3, "completed": 1, "failed": 2}
    (answer,) = map(json.loads, shelf.files[batch["output_file_id"]].data.splitlines())
    assert (answer["custom_id"], answer["response"]["body"]["asked"]) == ("1", {"x": 1})
    failures = [json.loads(line) for line in shelf.files[batch["error_file_id"]].data.splitlines()]
    assert [failure["custom_id"] for failure in failures] == ["2", None]


def test_a_batch_of_messages() -> None:
    shelf = Shelf(answering)
    requests = [{"custom_id": "1", "params": {"x": 1}}, {"custom_id": "2", "params": {"bad": True}}]
    made = shelf.create_message_batch({"requests": requests}, "http://here")
    assert (made["processing_status"], made["results_url"]) == ("in_progress", None)
    batch = shelf.message_batches[made["id"]]
    assert batch["results_url"] == f"http://here/v1/messages/batches/{made['id']}/results"
    kinds = [json.loads(line)["result"]["type"] for line in shelf.results(made["id"]).splitlines()]
    assert kinds == ["succeeded", "errored"]
    shelf.drop_message_batch(made["id"])
    with pytest.raises(KeyError):
        shelf.results(made["id"])
    with pytest.raises(BadRequestError):
        shelf.create_message_batch({"requests": []}, "http://here")
