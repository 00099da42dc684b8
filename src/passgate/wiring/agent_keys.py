"""The public keys of agents, read from the configuration and from files."""

from collections.abc import Mapping

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from passgate.config.identity import Agent
from passgate.core.errors import ConfigError, IssuerUnavailableError
from passgate.identity.issuer.agent_keys import KeyedAgent
from passgate.identity.oidc.documents import keys_of


def keyed_agents(agents: Mapping[str, Agent]) -> dict[str, KeyedAgent]:
    """Those of them that sign in with keys of their own. Raises ConfigError."""
    return {
        name: KeyedAgent(name=name, owner=agent.owner, keys=_keys(name, agent))
        for name, agent in agents.items()
        if agent.owner is not None
    }


def _keys(name: str, agent: Agent) -> KeySet:
    try:
        said = orjson.loads(agent.keys.read_bytes()) if agent.keys is not None else {"keys": [dict(agent.jwk or {})]}
        keys = keys_of(said if isinstance(said, dict) else {})
    except (OSError, orjson.JSONDecodeError, IssuerUnavailableError, JoseError) as error:
        raise ConfigError(
            f"identity.agents.{name}: its keys are no key set (RFC 7517) with a key that can be read"
        ) from error
    if any(key.is_private for key in keys.keys):
        raise ConfigError(f"identity.agents.{name}: its key set holds a private key, which stays with the agent")
    return keys
