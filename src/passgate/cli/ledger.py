"""``passgate ledger``: verify, prove, export, search."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passgate.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, StateOption, actor, state_folder_from
from passgate.cli.output import Json, note, printable, say, say_json, say_table, when
from passgate.cli.sealed import OpenedWhenNeeded
from passgate.cli.viewing import record
from passgate.core.errors import LedgerCorruptError, PassgateError
from passgate.core.event import EventType

if TYPE_CHECKING:
    from passgate.ledger.claims import Report
    from passgate.ledger.notes import NoteVerifier
    from passgate.ledger.reader import Entry, LedgerReader

ledger_app = typer.Typer(no_args_is_help=True, help="The ledger: verify it, prove one event, export and search it.")

LedgerOption = Annotated[
    Path | None, typer.Option("--ledger", help="A ledger folder (a copy, say), instead of the state folder's own.")
]


def ledger_path(config: Path, state: Path | None, ledger: Path | None) -> Path:
    """Raises ConfigError."""
    return ledger if ledger is not None else state_folder_from(config, state).ledger


@ledger_app.command()
def verify(
    since: Annotated[
        list[Path] | None,
        typer.Option("--since", help="A checkpoint kept elsewhere; shows a tail that was cut off. Repeatable."),
    ] = None,
    key: Annotated[
        list[str] | None, typer.Option("--key", help="A verifier key to trust instead of the one beside the log.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check every log offline, and say of ten claims whether they hold.

    PASS: shown by what is here. FAIL: contradicted, with the first bad entry. NOT-PROVEN: neither. Exit status 1 on any FAIL.
    Keep the output of `passgate ledger checkpoint` on another machine and give it back with --since.
    """
    from passgate.ledger.notes import split_notes
    from passgate.ledger.verify import verify as verify_ledger

    notes = [one for path in since or [] for one in split_notes(_read(path))]
    report = verify_ledger(_reader(config, state, ledger), since=notes, keys=_keys(key or []))
    if as_json:
        say_json(_report_json(report))
    else:
        for finding in report.findings:
            say(f"{finding.name:<4} {finding.verdict:<10} {finding.claim}: {printable(finding.reason)}")
    if report.failed:
        raise typer.Exit(1)


@ledger_app.command()
def checkpoint(
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print each log's signed head (C2SP checkpoint). Keep it where the gate's operator cannot change it."""
    heads = {log.name: (log, log.head()) for log in _reader(config, state, ledger).logs()}
    notes = {name: head.note(log.verifier).decode() for name, (log, head) in heads.items() if head is not None}
    if as_json:
        keys = {name: log.verifier.vkey() for name, (log, _) in heads.items()}
        say_json([{"log": name, "checkpoint": text, "key": keys[name]} for name, text in notes.items()])
    else:
        sys.stdout.write("\n".join(notes.values()))


@ledger_app.command()
def proof(
    event: Annotated[str, typer.Argument(help="The event's id.")],
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove that one event is in the log: text (C2SP tlog-proof) that anyone with the public key can check.

    With --json also the leaf, the exact bytes that were hashed, and the key. `passgate ledger check` reads that back.
    """
    from passgate.ledger.proof import prove

    entry = _found(_reader(config, state, ledger), event)
    text = prove(entry).text()
    if as_json:
        say_json({"event": entry.id, "leaf": entry.leaf.decode(), "proof": text, "key": entry.log.verifier.vkey()})
    else:
        sys.stdout.write(text)


@ledger_app.command()
def check(
    file: Annotated[Path, typer.Argument(help="What `passgate ledger proof --json` printed.")],
    key: Annotated[str | None, typer.Option("--key", help="The verifier key to trust instead of the file's.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a proof. Needs no ledger: only the file and a key."""
    import orjson

    from passgate.ledger.notes import NoteVerifier
    from passgate.ledger.proof import Proof

    try:
        body = orjson.loads(_read(file))
        leaf, text, vkey = str(body["leaf"]).encode(), str(body["proof"]), str(key or body["key"])
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise LedgerCorruptError(f"{file} is not what `passgate ledger proof --json` prints") from error
    parsed = Proof.parse(text)
    try:
        seal = parsed.check(leaf, NoteVerifier.parse(vkey))
    except LedgerCorruptError as error:
        if as_json:
            say_json({"valid": False, "reason": str(error)})
        else:
            say(f"not proven: {error}")
        raise typer.Exit(1) from error
    if as_json:
        say_json({"valid": True, "index": parsed.index, "size": seal.size})
    else:
        say(f"proven: entry {parsed.index} of {seal.size}")


@ledger_app.command("export")
def export_(
    form: Annotated[str, typer.Option("--format", help="jsonl (as stored) or ocsf (schema 1.3).")] = "jsonl",
    start: Annotated[int, typer.Option("--from", min=0, help="The first entry of each log to export.")] = 0,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    ledger: LedgerOption = None,
) -> None:
    """Print every entry as one line of JSON. Each carries log_origin, log_index and leaf_hash, to hold it against the log."""
    from passgate.ledger.export import Format, export

    if form not in set(Format):
        raise typer.BadParameter(f"{form!r} is not known: use {' or '.join(Format)}", param_hint="--format")
    reader = _reader(config, state, ledger)
    record(reader.path, EventType.AUDIT_EXPORTED, {"format": form, "from": start}, sealing=reader.sealing)
    for log in reader.logs():
        for line in export(log.entries(start), Format(form)):
            sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


@ledger_app.command()
def search(
    words: Annotated[list[str], typer.Argument(help="Words that must all be there; ord* finds orders.")],
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most this many.")] = 50,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find entries and recorded statements (masked) by their words."""
    from passgate.ledger.index import Index

    reader = _reader(config, state, ledger)
    record(reader.path, EventType.AUDIT_VIEWED, {"command": "search"}, sealing=reader.sealing)
    with Index.open(reader) as index:
        hits = index.search(" ".join(words), limit)
    if as_json:
        say_json(
            [
                {"log": h.log, "index": h.place, "session": h.session, "time": h.at, "kind": h.kind, "said": h.said}
                for h in hits
            ]
        )
        return
    say_table(
        ("TIME", "LOG", "ENTRY", "SESSION", "KIND", "FOUND"),
        [(_time(h.at), h.log, str(h.place), h.session, h.kind, h.said) for h in hits],
    )


@ledger_app.command()
def reindex(
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Throw the search index away and build it anew from the logs."""
    from passgate.ledger.index import Index

    with Index.open(_reader(config, state, ledger), rebuild=True) as index:
        count = index.size()
    if as_json:
        say_json({"entries": count})
    else:
        say(f"{count} entries indexed")


@ledger_app.command()
def tail(
    count: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many entries of each log.")] = 20,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest entries of each log."""
    reader = _reader(config, state, ledger)
    logs = reader.logs()
    record(reader.path, EventType.AUDIT_VIEWED, {"command": "tail"}, sealing=reader.sealing)
    newest: list[Entry] = []
    for log in logs:
        head = log.head()
        if head is not None:
            newest += log.entries(max(head.size - count, 0))
    newest.sort(key=lambda entry: entry.event["time"])
    if as_json:
        say_json([{**entry.event, "log_index": entry.index} for entry in newest])
        return
    say_table(
        ("TIME", "LOG", "ENTRY", "TYPE", "SESSION", "WHAT"),
        [(_time(e.event["time"]), e.log.name, str(e.index), e.type, e.session, _what(e)) for e in newest],
    )


@ledger_app.command("erase-session")
def erase_session(
    session: Annotated[str, typer.Argument(help="The session's id.")],
    basis: Annotated[str, typer.Option("--basis", help="Why it may be erased; stands in the record for good.")],
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Destroy a session's key and recording. Its texts can then be read by nobody; every proof goes on proving."""
    from passgate.ledger.erasure import erase
    from passgate.ledger.index import Index

    reader = _reader(config, state, None)
    record(reader.path, EventType.KEY_DESTROYED, {"session": session, "basis": basis}, sealing=reader.sealing)
    erased = erase(reader, session)
    with Index.open(reader) as index:
        index.forget(session)
    if as_json:
        say_json({"session": session, "keys": erased.keys, "chunks": erased.chunks})
    else:
        say(f"{erased.keys} keys destroyed, {erased.chunks} recorded chunks removed")


@ledger_app.command()
def repair(
    log: Annotated[str, typer.Argument(metavar="LOG", help="The log that the gate does not start on: gate-w0.")],
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a log go on of whose last batch only the seal is whole, as after a power cut. What is given up stays told in the log.

    Anything else that contradicts a signature is not repaired: keep the files, and look at what happened.
    """
    from passgate.ledger.repair import repair as repair_log

    repaired = repair_log(ledger_path(config, state, ledger), log, by=actor(), sealing=OpenedWhenNeeded(config, state))
    if as_json:
        size, given_up = (repaired.size, repaired.given_up) if repaired is not None else (None, 0)
        say_json({"log": log, "repaired": repaired is not None, "size": size, "given_up": given_up})
    elif repaired is None:
        say(f"{printable(log)} opens as it is")
    else:
        say(f"{log} goes on after entry {repaired.size - 1}; {repaired.given_up} entries were given up")
        note(f"A copy of what was cut off is in {repaired.copies}")


class UnknownEventError(PassgateError):
    """The ledger holds no such event."""


def _reader(config: Path, state: Path | None, ledger: Path | None) -> "LedgerReader":
    from passgate.ledger.reader import LedgerReader

    return LedgerReader(ledger_path(config, state, ledger), sealing=OpenedWhenNeeded(config, state))


def _found(reader: "LedgerReader", event: str) -> "Entry":
    entry = reader.find(event)
    if entry is None:
        raise UnknownEventError(f"There is no event {printable(event)} in this ledger")
    return entry


def _keys(texts: list[str]) -> "list[NoteVerifier]":
    from passgate.ledger.notes import NoteVerifier

    return [NoteVerifier.parse(text) for text in texts]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}") from error


def _report_json(report: "Report") -> Json:
    return {
        "ok": not report.failed,
        "claims": [
            {
                "claim": finding.name,
                "says": str(finding.claim),
                "verdict": str(finding.verdict),
                "reason": finding.reason,
                "faults": [
                    {
                        "log": fault.log,
                        "index": fault.index,
                        "segment": fault.segment,
                        "offset": fault.offset,
                        "what": fault.what,
                    }
                    for fault in finding.faults
                ],
            }
            for finding in report.findings
        ],
        "sizes": report.sizes,
        "heads": report.heads,
    }


def _time(microseconds: int) -> str:
    return when(datetime.fromtimestamp(microseconds / 1e6, UTC))


def _what(entry: "Entry") -> str:
    event = entry.event
    decision = event.get("decision")
    parts = [event.get("action", {}).get("verb", "")]
    if decision:
        parts.append(f"{decision['outcome']} by {decision['rule']}")
    parts += [f"{key}={value}" for key, value in event.get("detail", {}).items() if value not in ("", {}, 0)]
    return " ".join(part for part in parts if part)
