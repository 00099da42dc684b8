"""What would keep a gate from starting besides the configuration file itself: everything at once, and nothing started."""

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

from passgate.config.control import NEEDS_ISSUER
from passgate.config.section import Section
from passgate.config.settings import Settings
from passgate.core.errors import ConfigError, PolicyError
from passgate.pipeline.sealing import MAGIC
from passgate.policy.bundle import load_bundle
from passgate.wiring.agent_keys import keyed_agents
from passgate.wiring.shared import server_context


def rehearse(settings: Settings) -> tuple[str, ...]:
    """Each problem in its own words. ``serve`` would end with the first of them."""
    return tuple(_problems(settings))


def _problems(settings: Settings) -> Iterator[str]:
    try:
        load_bundle(settings.policy.bundles, settings.policy.packs)
    except PolicyError as error:
        yield from str(error).splitlines()
    if settings.control is not None and settings.identity.issuer is None:
        yield NEEDS_ISSUER
    try:
        keyed_agents(settings.identity.agents)
    except ConfigError as error:
        yield str(error)
    for certificate, key in sorted({settings.certificate_of(listener) for listener in settings.listeners}):
        try:
            if not key.read_bytes().startswith(MAGIC):  # one that is encrypted takes the master key to look at
                server_context(certificate, key)
        except (ConfigError, OSError) as error:
            yield str(error)
    for setting, authorities in _authorities(settings, ""):
        try:
            ssl.create_default_context(cafile=str(authorities))
        except (OSError, ssl.SSLError) as error:
            yield f"{setting}: the authorities {authorities} are not usable: {error.strerror or error}"


def _authorities(value: object, setting: str) -> Iterator[tuple[str, Path]]:
    """Every file of authorities that the settings name, wherever it stands."""
    match value:
        case Section():
            for name in type(value).model_fields:
                one = getattr(value, name)
                where = f"{setting}.{name}".lstrip(".")
                if name == "ca" and isinstance(one, Path):
                    yield where, one
                else:
                    yield from _authorities(one, where)
        case Mapping():
            for name, one in value.items():
                yield from _authorities(one, f"{setting}.{name}")
        case tuple():
            for number, one in enumerate(value):
                yield from _authorities(one, f"{setting}[{number}]")
