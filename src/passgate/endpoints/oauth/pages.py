"""The pages that people see while they sign in: plain HTML, no script, nothing from elsewhere, in nobody's frame."""

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from urllib.parse import urlsplit

from aiohttp import web

from passgate.endpoints.oauth import CONSENT_PATH, DEVICE_PATH
from passgate.pipeline.issuing import Consent

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a}"
    "h1{font-size:1.3rem}dt{font-weight:600;margin-top:.6rem}dd{margin:0;overflow-wrap:anywhere}"
    "input,button{font:inherit;padding:.4rem .6rem}input[type=text]{width:100%;box-sizing:border-box}"
    "button{margin:1rem .6rem 0 0}.code{font:600 1.4rem monospace;letter-spacing:.1em}"
    ".warn{border-left:4px solid #b45309;padding-left:.6rem}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def consent_page(consent: Consent) -> web.Response:
    """Who asks, for what, and where it goes: all of it as text, whatever a client calls itself."""
    facts = [
        ("Client", f"{consent.client} ({consent.client_id})"),
        ("Signed in as", consent.person),
        *([("Acts as the agent", consent.agent)] if consent.agent else []),
        *(
            [("Resources", ", ".join(consent.resources)), ("May", ", ".join(consent.verbs))]
            if consent.resources
            else [("May", "use the control API of this gate in your name, with your role")]
        ),
        *([("Goes back to", _place(consent.returns_to))] if consent.returns_to else []),
    ]
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    asked = _asked(consent) if consent.resources else ""
    body = (
        f"<h1>{escape(consent.client)} asks for access</h1>{_warning(consent)}<dl>{listed}</dl>"
        f'<form method="post" action="{CONSENT_PATH}">'
        f'<input type="hidden" name="consent" value="{escape(consent.id)}">{asked}'
        '<button name="decision" value="allow">Allow</button><button name="decision" value="deny">Do not allow</button>'
        "</form>"
    )
    return _page(200, "Allow access?", body, sent_to=consent.returns_to)


def device_page(user_code: str) -> web.Response:
    """Where the code of a device is typed in."""
    body = (
        "<h1>Sign in for a device</h1><p>Type the code that the device or the command line shows.</p>"
        f'<form method="post" action="{DEVICE_PATH}">'
        f'<input type="text" name="user_code" value="{escape(user_code)}" autocomplete="off" maxlength="20" autofocus>'
        "<button>Go on</button></form>"
    )
    return _page(200, "Sign in for a device", body, sent_to="https:")


def done_page(title: str, text: str) -> web.Response:
    return _page(200, title, f"<h1>{escape(title)}</h1><p>{escape(text)}</p>")


def error_page(status: int, text: str) -> web.Response:
    return _page(status, "This did not work", f"<h1>This did not work</h1><p>{escape(text)}</p>")


def _warning(consent: Consent) -> str:
    if consent.user_code:
        code = escape(consent.user_code)
        return (
            f'<p class="warn">Allow this only if you have started it yourself, on a device that shows the code '
            f'<span class="code">{code}</span></p>'
        )
    if urlsplit(consent.returns_to).hostname in _LOOPBACK:
        return '<p class="warn">A program on your own machine asks. Allow this only if you have just started it.</p>'
    return ""


def _asked(consent: Consent) -> str:
    return (
        f'<p><label>Purpose<input type="text" name="purpose" maxlength="500" value="{escape(consent.purpose)}"></label></p>'
        '<p><label>Ticket, if one is needed<input type="text" name="ticket" maxlength="100"></label></p>'
    )


def _place(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def _source(uri: str) -> str:
    """As a policy may name it: an address in brackets cannot stand there, nor an origin of a scheme that has none."""
    parts = urlsplit(uri)
    plain = parts.scheme in ("http", "https") and parts.netloc and "[" not in parts.netloc
    return f"{parts.scheme}://{parts.netloc}" if plain else f"{parts.scheme}:"


def _page(status: int, title: str, body: str, *, sent_to: str = "") -> web.Response:
    """``sent_to``: where the answer to a form leads; browsers hold redirects to the policy, too."""
    places: Sequence[str] = ("'self'", _source(sent_to)) if sent_to else ("'self'",)
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {' '.join(places)}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} - Passgate</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>{body}</body></html>'
    )
    return web.Response(
        status=status,
        text=html,
        content_type="text/html",
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": policy,
            "X-Frame-Options": "DENY",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",  # not no-referrer: a form's Origin would be null
        },
    )
