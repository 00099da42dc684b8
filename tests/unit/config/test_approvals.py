"""Who may decide, and how they are told, as it is configured."""

import pytest
from pydantic import ValidationError

from passgate.config.approvals import Approvals, Person, Slack, Webhook
from passgate.config.secret_sources import LocalSecret

SECRET = LocalSecret(env="X")


@pytest.mark.parametrize(
    "url", ["https://x.example/hook?a=1", "http://127.0.0.1:8080/x", "http://localhost/", "http://[::1]:1"]
)
def test_addresses_that_are_safe(url: str) -> None:
    assert Webhook(url=url, secret=SECRET).url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://x.example/",
        "http://127.0.0.1.evil.example/",
        "http://localhost@evil.example/",
        "https://user@x.example/",
        "https://x.example/#f",
        "https://x.example/ a",
        "ftp://x.example",
        "https://ex\u0430mple",
    ],
)
def test_addresses_that_are_not(url: str) -> None:
    with pytest.raises(ValidationError):
        Webhook(url=url, secret=SECRET)


def test_one_person_is_known_by_one_name_and_one_name_is_one_person() -> None:
    people = {"ada": Person(), "grace": Person(os_user="grace", slack="U1")}
    assert Approvals(people=people).people == people
    for other in (Person(os_user="grace"), Person(slack="U1")):
        with pytest.raises(ValidationError, match="approve twice"):
            Approvals(people={**people, "linus": other})
    with pytest.raises(ValidationError):
        Person(slack="grace")


def test_votes_come_back_over_http_only_where_they_are_taken() -> None:
    hook = Webhook(url="https://x.example", secret=SECRET)
    assert not Approvals(webhooks={"pager": hook}).answered_over_http
    assert Approvals(webhooks={"pager": hook.model_copy(update={"votes": True})}).answered_over_http
    slack = Slack(channel="C1", token=SECRET, signing_secret=SECRET)
    assert Approvals(slack=slack).answered_over_http
