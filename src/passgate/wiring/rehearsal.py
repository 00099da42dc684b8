"""What would keep a gate from starting besides the configuration file itself: everything at once, and nothing started."""

import ssl
from collections.abc import Iterator
from pathlib import Path

from passgate.config.control import NEEDS_ISSUER
from passgate.config.section import values_in
from passgate.config.settings import Settings
from passgate.core.errors import ConfigError, PolicyError
from passgate.pipeline.sealing import MAGIC
from passgate.policy.bundle import load_bundle
from passgate.wiring.agent_keys import keyed_agents
from passgate.wiring.certificates import server_context


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
    for setting, authorities in values_in(settings):
        if not isinstance(authorities, Path) or setting.rpartition(".")[2] != "ca":
            continue
        try:
            ssl.create_default_context(cafile=str(authorities))
        except (OSError, ssl.SSLError) as error:
            yield f"{setting}: the authorities {authorities} are not usable: {error.strerror or error}"
