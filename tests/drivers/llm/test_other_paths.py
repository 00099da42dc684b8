"""Embeddings, moderations, models, files and batches by the official Python SDKs."""

import json

from tests.drivers.llm.ways import Way


def test_embeddings(way: Way) -> None:
    with way.openai() as client:
        made = client.embeddings.create(model="text-embedding-3-small", input=["one", "two", "one"])
        floats = client.embeddings.create(model="text-embedding-3-small", input="one", encoding_format="float")
    vectors = [entry.embedding for entry in made.data]
    assert vectors[0] == vectors[2] != vectors[1]
    assert all(abs(a - b) < 1e-6 for a, b in zip(vectors[0], floats.data[0].embedding, strict=True))
    assert way.provider.received[0].json["input"] == ["one", "two", "one"]


def test_moderations(way: Way) -> None:
    with way.openai() as client:
        assert not client.moderations.create(input=["something", "else"]).results[1].flagged


def test_models(way: Way) -> None:
    with way.openai() as client:
        assert "gpt-5.2" in [model.id for model in client.models.list()]
        assert client.models.retrieve("gpt-5.2").owned_by == "system"
    with way.anthropic() as client:
        page = client.models.list(limit=1000)
        assert page.data[0].id.startswith("claude")
        assert page.data[0].display_name
        assert client.models.retrieve("claude-haiku-4-5").id == "claude-haiku-4-5"


def batch_line(custom_id: str, text: str) -> str:
    body = {"model": "gpt-5.2", "messages": [{"role": "user", "content": text}]}
    request = {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body}
    return json.dumps(request, ensure_ascii=False)


def test_a_batch_of_openai(way: Way) -> None:
    lines = "".join(batch_line(f"r{n}", f"line {n} äöü") + "\n" for n in range(50)).encode()
    with way.openai() as client:
        file = client.files.create(file=("requests.jsonl", lines), purpose="batch")
        assert file.bytes == len(lines)
        assert client.files.retrieve(file.id).filename == "requests.jsonl"
        assert client.files.content(file.id).content == lines
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"team": "blue"}
        )
        assert batch.status == "validating"
        batch = client.batches.retrieve(batch.id)
        assert batch.status == "completed"
        answers = [json.loads(line) for line in client.files.content(batch.output_file_id).iter_lines()]
        assert [a["response"]["body"]["choices"][0]["message"]["content"] for a in answers] == [
            f"line {n} äöü" for n in range(50)
        ]
        assert batch.id in [listed.id for listed in client.batches.list()]
        assert client.batches.cancel(batch.id).status == "cancelling"
        assert file.id in [listed.id for listed in client.files.list()]
        assert client.files.delete(file.id).deleted


def test_a_batch_of_anthropic(way: Way) -> None:
    requests = [
        {
            "custom_id": f"r{n}",
            "params": {
                "model": "claude-haiku-4-5",
                "max_tokens": 9,
                "messages": [{"role": "user", "content": f"line {n} äöü"}],
            },
        }
        for n in range(20)
    ]
    with way.anthropic() as client:
        batch = client.messages.batches.create(requests=requests)
        assert batch.processing_status == "in_progress"
        batch = client.messages.batches.retrieve(batch.id)
        assert batch.processing_status == "ended"
        # The SDK follows the URL that it is given, with the caller's own key: it must lead back to where the caller asked.
        assert batch.results_url.startswith(way.url)
        answers = {entry.custom_id: entry.result for entry in client.messages.batches.results(batch.id)}
        assert answers["r7"].message.content[0].text == "line 7 äöü"
        assert len(answers) == 20
        assert batch.id in [listed.id for listed in client.messages.batches.list()]
        assert client.messages.batches.cancel(batch.id).processing_status == "canceling"
        assert client.messages.batches.delete(batch.id).type == "message_batch_deleted"
