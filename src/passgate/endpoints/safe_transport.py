"""May a secret be taken from this request?"""

import ipaddress

from aiohttp import web


def is_safe(request: web.BaseRequest) -> bool:
    """HTTPS, or from this very machine: a secret in clear on a network is anybody's."""
    if request.scheme == "https":
        return True
    try:
        return ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False
