"""Canaille for the tests, run by its own environment's Python: one public client, people with a password, everything in memory.

Prints its issuer and the client's redirect URI as one line of JSON, and serves until its input ends.
"""

import json
import socket
import sys
import threading

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from joserfc.jwk import RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server

PASSWORD = "correct horse battery staple"
PEOPLE = {"ada": ["engineering", 'R&D, "special"', "Zoë 日本"], "eve": ["sales"]}


class Quiet(WSGIRequestHandler):
    def log(self, *_args: object) -> None:
        """Nothing: standard output is for the line above."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def fill(redirect_uri: str) -> None:
    client = models.Client(
        client_id="passgate-cli",
        client_name="Passgate",
        redirect_uris=[redirect_uri],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        scope=["openid", "email", "groups"],
        token_endpoint_auth_method="none",
        id_token_signed_response_alg="RS256",
    )
    Backend.instance.save(client)
    client.audience = [client]
    Backend.instance.save(client)
    people = {}
    for name in PEOPLE:
        people[name] = models.User(
            user_name=name,
            formatted_name=name.title(),
            family_name=name.title(),
            emails=[f"{name}@example.com"],
            password=PASSWORD,
        )
        Backend.instance.save(people[name])
    for name, groups in PEOPLE.items():
        for group in groups:
            Backend.instance.save(models.Group(display_name=group, members=[people[name]]))


def main() -> None:
    port = free_port()
    redirect_uri = f"http://127.0.0.1:{free_port()}/callback"
    key = RSAKey.generate_key(2048, auto_kid=True).as_dict(private=True)
    app = create_app(
        {
            "SECRET_KEY": "only for tests",
            "SERVER_NAME": f"127.0.0.1:{port}",
            "PREFERRED_URL_SCHEME": "http",
            "CANAILLE": {"DATABASE": "memory", "LOGGING": {"version": 1, "disable_existing_loggers": True}},
            "CANAILLE_OIDC": {"ACTIVE_JWKS": [key]},
        }
    )
    with app.app_context():
        fill(redirect_uri)
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(json.dumps({"issuer": f"http://127.0.0.1:{port}", "redirect_uri": redirect_uri}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
