"""What a request for access is bound to: change one word of it, and it is another request, which nobody has approved."""

from hashlib import sha256

import orjson

from passgate.core.principal import folded
from passgate.pipeline.access_requests import AccessAsked


def digest(asked: AccessAsked) -> str:
    """SHA-256 in hexadecimal over a canonical record (sorted keys, no blanks). Groups are not in it: they may change meanwhile."""
    record = {
        "chain": [f"{link.kind}:{folded(link.subject)}" for link in asked.principal.links()],
        "source": asked.source,
        "resources": sorted(asked.resources),
        "verbs": sorted(verb.value for verb in asked.verbs),
        "seconds": int(asked.ttl.total_seconds()),
        "reason": asked.reason,
        "ticket": asked.ticket,
    }
    return sha256(orjson.dumps(record, option=orjson.OPT_SORT_KEYS)).hexdigest()
