"""What ``--help`` shows besides: one command line to begin with, of the commands that take more than a name."""

from collections.abc import Mapping
from types import MappingProxyType

EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "init": "passgate init --dir /etc/passgate --hostname gate.example.com",
        "serve": "passgate serve --config /etc/passgate/passgate.yaml --workers 2",
        "login": 'passgate login --gate https://gate.example.com:8443 --resource shop --purpose "INC-42"',
        "request": 'passgate request shop --verbs read,write --for 2h --why "INC-42"',
        "lock": 'passgate lock --human eve@example.com --reason "left the company"',
        "pass issue": "passgate pass issue --for agent:reporter --on-behalf-of ada@example.com --resource shop"
        ' --verbs read --purpose "weekly report" --ttl 30m',
        "pass delegate": "passgate pass delegate pg_06h3kqz9v2m4x7c1 --to agent:summariser --resource shop --ttl 10m"
        ' --purpose "weekly summary"',
        "policy check": "passgate policy check rules.yaml --pack postgres-safe",
        "policy explain": 'passgate policy explain "DELETE FROM orders" --resource shop --schema schema.sql',
        "policy test": "passgate policy test --cases cases.jsonl --policy rules.yaml --pack postgres-safe",
        "approvals approve": 'passgate approvals approve 01M82DBKW0CYBNTPSF1HF1JZ3G --note "looked at the plan"',
        "requests take": "passgate requests take 01M82DBKW0CYBNTPSF1HF1JZ3G --key-file shop.key",
        "sessions replay": "passgate sessions replay 01M82DBK --speed 4",
        "ledger verify": "passgate ledger verify --since checkpoint.txt",
        "ledger search": "passgate ledger search refused shop",
        "ledger export": "passgate ledger export --format ocsf --from 1000",
        "secrets rotate": "passgate secrets rotate --to file:/etc/passgate/new.key",
        "llm check": "passgate llm check /v1/messages --as agent:helper --on-behalf-of ada@example.com",
        "remote login": "passgate remote --gate https://gate.example.com login --device",
        "remote vote": 'passgate remote vote 01M82DBKW0CYBNTPSF1HF1JZ3G --approve --note "looked at the plan"',
        "remote lock": 'passgate remote lock agent reporter --reason "INC-42" --for 2h',
    }
)
"""Command -> a line that it takes as it stands."""


def epilog(command: str) -> str | None:
    """The last line of its help."""
    example = EXAMPLES.get(command)
    return None if example is None else f"Example: {example}"
