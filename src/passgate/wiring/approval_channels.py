"""Channels as they are wired: who is told of requests, and where votes come back over HTTP."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from passgate.config import approvals as configured
from passgate.config.secret_sources import LocalSecret
from passgate.core.errors import ConfigError
from passgate.credentials.remembered import RememberedCredential
from passgate.endpoints.approvals.incoming import Spent
from passgate.endpoints.approvals.posting import Poster
from passgate.endpoints.approvals.slack import SlackChannel
from passgate.endpoints.approvals.slack_interactions import SlackInteractions
from passgate.endpoints.approvals.webhook import WebhookChannel
from passgate.endpoints.approvals.webhook_votes import WebhookVotes
from passgate.endpoints.beside import Beside
from passgate.pipeline.approval_desk import ApprovalDesk, Channel, Voter
from passgate.wiring.local_secrets import local_secret

_SECRET_SECONDS = 60.0
"""A channel's secret is looked up at most once a minute, so that votes cost no command or file each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """``by_name``: webhooks under their names, Slack as ``slack``. ``posters``: to be closed at the end."""

    by_name: Mapping[str, Channel]
    posters: tuple[Poster, ...]


def channels(settings: configured.Approvals) -> Channels:
    """Raises ConfigError if a file of authorities is not usable."""
    posters: list[Poster] = []
    by_name: dict[str, Channel] = {}
    for name, webhook in settings.webhooks.items():
        poster = Poster(tls=_tls(name, webhook.ca))
        posters.append(poster)
        by_name[f"webhook/{name}"] = WebhookChannel(url=webhook.url, secret=_secret(webhook.secret), poster=poster)
    if settings.slack is not None:
        poster = Poster()
        posters.append(poster)
        slack = settings.slack
        by_name["slack"] = SlackChannel(api=slack.api, token=_secret(slack.token), channel=slack.channel, poster=poster)
    return Channels(by_name=by_name, posters=tuple(posters))


@dataclass(frozen=True, slots=True, kw_only=True)
class WaysBack:
    """What answers on the HTTP listener; ``slack`` has something to finish at the end."""

    beside: tuple[Beside, ...]
    slack: SlackInteractions | None
    poster: Poster

    async def close(self) -> None:
        if self.slack is not None:
            await self.slack.close()
        await self.poster.close()


def ways_back(settings: configured.Approvals, *, desk: ApprovalDesk, spent: Spent) -> WaysBack:
    people = {
        subject: Voter(subject=subject, groups=frozenset(person.groups)) for subject, person in settings.people.items()
    }
    beside: list[Beside] = []
    voting = {name: _secret(one.secret) for name, one in settings.webhooks.items() if one.votes}
    if voting:
        beside.append(WebhookVotes(desk=desk, secrets=voting, people=people, spent=spent).serve)
    poster, slack = Poster(), None
    if settings.slack is not None:
        slack = SlackInteractions(
            desk=desk,
            secret=_secret(settings.slack.signing_secret),
            people={person.slack: people[subject] for subject, person in settings.people.items() if person.slack},
            spent=spent,
            poster=poster,
            hooks=settings.slack.hooks,
        )
        beside.append(slack.serve)
    return WaysBack(beside=tuple(beside), slack=slack, poster=poster)


def _secret(source: LocalSecret) -> RememberedCredential:
    return RememberedCredential(local_secret(source), seconds=_SECRET_SECONDS)


def _tls(name: str, authorities: Path | None) -> ssl.SSLContext | None:
    if authorities is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(authorities))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"approvals.webhooks.{name}.ca: {authorities} is not usable: {error}") from error
