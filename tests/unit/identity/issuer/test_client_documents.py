"""Clients that are known by a document about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from passgate.core.errors import OAuthError
from passgate.identity.issuer.client_documents import ClientDocuments

URL = "https://editor.example/oauth/client.json"
GOOD = {
    "client_id": URL,
    "client_name": "The Editor",
    "redirect_uris": ["http://127.0.0.1/callback", "https://editor.example/cb"],
    "token_endpoint_auth_method": "none",
}


@dataclass
class Host:
    document: Mapping[str, object] = field(default_factory=lambda: dict(GOOD))
    fetched: list[str] = field(default_factory=list)
    time: float = 0

    async def fetch(self, url: str) -> Mapping[str, object]:
        self.fetched.append(url)
        return self.document

    def documents(self) -> ClientDocuments:
        return ClientDocuments(hosts=frozenset({"editor.example"}), fetch=self.fetch, clock=lambda: self.time)


async def test_a_client_is_what_its_document_says_for_a_while() -> None:
    host = Host()
    documents = host.documents()
    client = await documents.find(URL)
    assert (client.id, client.name, client.agent) == (URL, "The Editor", None)
    assert client.redirect_uris == ("http://127.0.0.1/callback", "https://editor.example/cb")
    host.time = 600
    assert await documents.find(URL) is client
    host.time = 601
    assert await documents.find(URL) is not client
    assert host.fetched == [URL, URL]


async def test_without_a_name_it_is_called_by_its_address() -> None:
    host = Host({"client_id": URL, "redirect_uris": ["https://editor.example/cb"]})
    assert (await host.documents().find(URL)).name == URL


@pytest.mark.parametrize(
    "client_id",
    [
        "http://editor.example/client.json",
        "https://evil.example/client.json",
        "https://sub.editor.example/client.json",
        "https://editor.example.evil.example/client.json",
        "https://editor.example",
        "https://editor.example/",
        "https://editor.example/a/../b",
        "https://editor.example/./a",
        "https://editor.example/a?b=c",
        "https://editor.example/a#b",
        "https://editor.example/%2e%2e/a",
        "https://ada@editor.example/a",
        "https://EDITOR.example/a",
        "https://editor.example/" + "a" * 500,
        "https://editor.example\\@evil.example/a",
    ],
)
async def test_nothing_else_is_fetched(client_id: str) -> None:
    host = Host()
    with pytest.raises(OAuthError) as caught:
        await host.documents().find(client_id)
    assert caught.value.code == "invalid_client"
    assert host.fetched == []


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "https://editor.example/other.json"},
        {"client_id": None},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"client_secret": "x"},
        {"redirect_uris": []},
        {"redirect_uris": None},
        {"redirect_uris": "https://editor.example/cb"},
        {"redirect_uris": [7]},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"redirect_uris": ["https://editor.example/cb", "http://editor.example/cb"]},
        {"redirect_uris": ["https://editor.example/cb"] * 21},
        {"client_name": 7},
        {"client_name": "x" * 101},
        {"client_name": "Your\nBank"},
        {"client_name": "\u202eknaB"},
    ],
)
async def test_a_document_that_does_not_count(changed: dict[str, object]) -> None:
    host = Host({**GOOD, **changed})
    with pytest.raises(OAuthError) as caught:
        await host.documents().find(URL)
    assert caught.value.code == "invalid_client"


async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passgate.identity.issuer.client_documents._KEPT", 1)
    host = Host()
    documents = host.documents()
    await documents.find(URL)
    host.document = {**GOOD, "client_id": URL + "2"}
    await documents.find(URL + "2")
    host.document = GOOD
    await documents.find(URL)
    assert len(host.fetched) == 3
