"""One governed target under the operator's own name."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """``name`` is the operator's word (``orders-prod``), never a host name.

    ``kind`` is the protocol family (``postgres``); ``labels`` are what policy speaks about (``env: prod``).
    """

    name: str
    kind: str
    labels: Mapping[str, str] = field(default_factory=dict)
