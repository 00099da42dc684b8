"""Who may ask for tokens."""

import pytest

from passgate.core.errors import OAuthError
from passgate.identity.issuer.clients import Client, RegisteredClients

EDITOR = Client(id="editor", name="The Editor", redirect_uris=())


class Documents:
    async def find(self, client_id: str) -> Client:
        return Client(id=client_id, name="by document", redirect_uris=())


async def test_those_that_the_operator_named_and_no_others() -> None:
    clients = RegisteredClients({"editor": EDITOR})
    assert await clients.find("editor") is EDITOR
    for unknown in ("", "other", "https://editor.example/client.json"):
        with pytest.raises(OAuthError) as caught:
            await clients.find(unknown)
        assert caught.value.code == "invalid_client"


async def test_an_address_is_looked_up_where_that_is_allowed() -> None:
    clients = RegisteredClients({"editor": EDITOR}, documents=Documents())
    assert (await clients.find("https://editor.example/client.json")).name == "by document"
    with pytest.raises(OAuthError):
        await clients.find("http://editor.example/client.json")
