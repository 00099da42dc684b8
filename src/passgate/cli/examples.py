"""What ``--help`` shows besides: one command line to begin with, of every command that must be told something."""

from collections.abc import Mapping
from types import MappingProxyType

EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "init": "passgate init --dir /etc/passgate --hostname gate.example.com",
        "serve": "passgate serve --config /etc/passgate/passgate.yaml --workers 2",
        "login": 'passgate login --gate https://gate.example.com:8443 --resource shop --purpose "INC-42"',
        "request": 'passgate request shop --verbs read,write --for 2h --why "INC-42"',
        "lock": 'passgate lock --human eve@example.com --reason "left the company"',
        "unlock": "passgate unlock 01M82DBKW0CYBNTPSF1HF1JZ3G",
        "pass issue": "passgate pass issue --for agent:reporter --on-behalf-of ada@example.com --resource shop"
        ' --verbs read --purpose "weekly report" --ttl 30m',
        "pass delegate": "passgate pass delegate pg_06h3kqz9v2m4x7c1 --to agent:summariser --resource shop --ttl 10m"
        ' --purpose "weekly summary"',
        "pass show": "passgate pass show pg_06h3kqz9v2m4x7c1",
        "pass revoke": "passgate pass revoke pg_06h3kqz9v2m4x7c1",
        "policy check": "passgate policy check rules.yaml --pack postgres-safe",
        "policy explain": 'passgate policy explain "DELETE FROM orders" --resource shop --schema schema.sql',
        "policy test": "passgate policy test --cases cases.jsonl --policy rules.yaml --pack postgres-safe",
        "approvals approve": 'passgate approvals approve 01M82DBKW0CYBNTPSF1HF1JZ3G --note "looked at the plan"',
        "approvals show": "passgate approvals show 01M82DBKW0CYBNTPSF1HF1JZ3G",
        "approvals deny": 'passgate approvals deny 01M82DBKW0CYBNTPSF1HF1JZ3G --note "not on a Friday"',
        "requests show": "passgate requests show 01M82DBKW0CYBNTPSF1HF1JZ3G",
        "requests approve": 'passgate requests approve 01M82DBKW0CYBNTPSF1HF1JZ3G --note "go on"',
        "requests deny": 'passgate requests deny 01M82DBKW0CYBNTPSF1HF1JZ3G --note "ask for less"',
        "requests take": "passgate requests take 01M82DBKW0CYBNTPSF1HF1JZ3G --key-file shop.key",
        "sessions replay": "passgate sessions replay 01M82DBK --speed 4",
        "sessions show": "passgate sessions show 01M82DBK",
        "sessions kill": "passgate sessions kill 01M82DBKW0CYBNTPSF1HF1JZ3G",
        "ledger verify": "passgate ledger verify --since checkpoint.txt",
        "ledger proof": "passgate ledger proof 01M82DBKW0CYBNTPSF1HF1JZ3G --json",
        "ledger check": "passgate ledger check proof.json",
        "ledger search": "passgate ledger search refused shop",
        "ledger export": "passgate ledger export --format ocsf --from 1000",
        "ledger erase-session": 'passgate ledger erase-session 01M82DBKW0CYBNTPSF1HF1JZ3G --basis "erasure request CASE-7"',
        "ledger repair": "passgate ledger repair gate-w0",
        "secrets rotate": "passgate secrets rotate --to file:/etc/passgate/new.key",
        "llm check": "passgate llm check /v1/messages --as agent:helper --on-behalf-of ada@example.com",
        "remote login": "passgate remote --gate https://gate.example.com login --device",
        "remote approval": "passgate remote approval 01M82DBKW0CYBNTPSF1HF1JZ3G",
        "remote vote": 'passgate remote vote 01M82DBKW0CYBNTPSF1HF1JZ3G --approve --note "looked at the plan"',
        "remote lock": 'passgate remote lock agent reporter --reason "INC-42" --for 2h',
        "remote unlock": "passgate remote unlock 01M82DBKW0CYBNTPSF1HF1JZ3G",
        "remote revoke": "passgate remote revoke pg_06h3kqz9v2m4x7c1",
        "remote kill": "passgate remote kill 01M82DBKW0CYBNTPSF1HF1JZ3G",
        "remote proof": "passgate remote proof 01M82DBKW0CYBNTPSF1HF1JZ3G --json",
    }
)
"""Command -> a line that it takes as it stands."""


def epilog(command: str) -> str | None:
    """The last line of its help."""
    example = EXAMPLES.get(command)
    return None if example is None else f"Example: {example}"
