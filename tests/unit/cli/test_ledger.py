"""``passgate ledger`` as a user and an auditor meet it."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Passgate
from tests.unit.ledger.conftest import Recorded


def claims(out: str) -> dict[str, str]:
    return {line.split()[0]: line.split()[1] for line in out.splitlines()}


def test_verify_says_a_line_per_claim(passgate: Passgate, ledger: Recorded) -> None:
    result = passgate("ledger", "verify")
    assert result.code == 0
    assert list(claims(result.out)) == [f"C{n}" for n in range(1, 11)]
    assert claims(result.out)["C3"] == "PASS"


def test_verify_fails_on_a_flipped_byte_and_names_the_entry(
    passgate: Passgate, ledger: Recorded, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(ledger.folder, copy)
    segment = next((copy / "gate-w0").glob("seg-*"))
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    result = passgate("ledger", "verify", "--ledger", str(copy))
    assert (result.code, claims(result.out)["C3"]) == (1, "FAIL")
    shown = passgate("ledger", "verify", "--ledger", str(copy), "--json")
    fault = next(claim for claim in json.loads(shown.out)["claims"] if claim["claim"] == "C3")["faults"][0]
    assert (shown.code, fault["segment"]) == (1, segment.name)
    assert isinstance(fault["index"], int)
    assert abs(fault["offset"] - len(data) // 2) < 2000
    assert passgate("ledger", "verify").code == 0


def test_a_checkpoint_that_was_kept_shows_a_rollback(passgate: Passgate, ledger: Recorded, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text(passgate("ledger", "checkpoint").out)
    assert claims(passgate("ledger", "verify", "--since", str(kept)).out)["C4"] == "PASS"
    (body,) = json.loads(passgate("ledger", "checkpoint", "--json").out)
    assert (body["log"], body["checkpoint"]) == ("gate-w0", kept.read_text())
    key = passgate("ledger", "verify", "--key", body["key"])
    assert "the key you gave" in key.out
    with_nothing = passgate("ledger", "verify", "--since", str(tmp_path / "nowhere"))
    assert with_nothing.code == 2


def test_one_event_is_proven_to_whoever_has_the_key(passgate: Passgate, ledger: Recorded, tmp_path: Path) -> None:
    event = ledger.ids["refused"]
    assert passgate("ledger", "proof", event).out.startswith("c2sp.org/tlog-proof@v1\nindex 4\n")
    file = tmp_path / "proof.json"
    file.write_text(passgate("ledger", "proof", event, "--json").out)
    shutil.rmtree(ledger.folder)  # the proof stands on its own
    assert passgate("ledger", "check", str(file)).out == "proven: entry 4 of 8\n"
    assert json.loads(passgate("ledger", "check", str(file), "--json").out) == {"valid": True, "index": 4, "size": 8}
    body = json.loads(file.read_text())
    file.write_text(json.dumps({**body, "leaf": body["leaf"].replace("reporter", "somebody")}))
    assert passgate("ledger", "check", str(file)).out.startswith("not proven: ")
    refuted = passgate("ledger", "check", str(file), "--json")
    assert (refuted.code, json.loads(refuted.out)["valid"]) == (1, False)


def test_what_is_no_event_and_no_proof(passgate: Passgate, ledger: Recorded, tmp_path: Path) -> None:
    assert passgate("ledger", "proof", "01J0").err == "passgate: There is no event 01J0 in this ledger\n"
    file = tmp_path / "proof.json"
    for content in ("nonsense", "[]", "{}"):
        file.write_text(content)
        result = passgate("ledger", "check", str(file))
        assert (result.code, "is not what" in result.err) == (2, True)


@pytest.mark.parametrize("form", ["jsonl", "ocsf"])
def test_export_prints_a_line_per_entry_and_is_itself_recorded(passgate: Passgate, ledger: Recorded, form: str) -> None:
    lines = [json.loads(line) for line in passgate("ledger", "export", "--format", form).out.splitlines()]
    origins = [(line.get("log_origin") or line["unmapped"]["log_origin"]) for line in lines]
    assert origins.count("audit.local/gate-w0") == 8
    if form == "jsonl":
        exported = [line for line in lines if line["type"] == "audit.exported"]
        assert [line["detail"] for line in exported] == [{"format": "jsonl", "from": 0}]
        assert exported[0]["actor"]["subject"].startswith("unix:")
        later = passgate("ledger", "export", "--from", "6").out.splitlines()
        assert [json.loads(line)["log_index"] for line in later if "gate-w0" in line] == [6, 7]


def test_an_unknown_format(passgate: Passgate, ledger: Recorded) -> None:
    result = passgate("ledger", "export", "--format", "csv")
    assert (result.code, "use jsonl or ocsf" in result.err) == (2, True)


def test_search_finds_and_is_recorded(passgate: Passgate, ledger: Recorded) -> None:
    hits = json.loads(passgate("ledger", "search", "drop", "--json").out)
    assert {(hit["session"], hit["log"]) for hit in hits} == {("S1", "gate-w0")}
    assert "[DROP] TABLE orders" in passgate("ledger", "search", "drop").out
    found = json.loads(passgate("ledger", "tail", "--json").out)
    assert [event["detail"]["command"] for event in found if event["type"] == "audit.viewed"] == [
        "search",
        "search",
        "tail",
    ]
    assert "2 views" not in passgate("ledger", "verify").out
    assert "3 views" in passgate("ledger", "verify").out


def test_tail_shows_the_newest(passgate: Passgate, ledger: Recorded) -> None:
    out = passgate("ledger", "tail", "-n", "3").out
    assert "session.end" in out
    assert "session.start" not in out


def test_reindex(passgate: Passgate, ledger: Recorded) -> None:
    assert passgate("ledger", "reindex").out == "8 entries indexed\n"
    assert json.loads(passgate("ledger", "reindex", "--json").out) == {"entries": 8}


def test_an_erased_session_is_gone_and_every_proof_stays(passgate: Passgate, ledger: Recorded) -> None:
    assert "DROP" in passgate("sessions", "replay", "S1").out
    out = passgate("ledger", "erase-session", "S1", "--basis", "request 17").out
    assert out == "1 keys destroyed, 1 recorded chunks removed\n"
    assert "DROP" not in passgate("sessions", "replay", "S1").out
    assert passgate("ledger", "verify").code == 0
    assert "in" not in {hit["kind"] for hit in json.loads(passgate("ledger", "search", "drop", "--json").out)}
    events = [json.loads(line) for line in passgate("ledger", "export").out.splitlines()]
    destroyed = [event["detail"] for event in events if event["type"] == "key.destroyed"]
    assert destroyed == [{"session": "S1", "basis": "request 17"}]
    again = passgate("ledger", "erase-session", "S1", "--basis", "x", "--json")
    assert json.loads(again.out) == {"session": "S1", "keys": 0, "chunks": 0}


def test_no_ledger(passgate: Passgate) -> None:
    result = passgate("ledger", "verify", "--ledger", "nowhere")
    assert (result.code, "there is no ledger in nowhere" in result.err) == (2, True)


def test_a_copy_without_keys_is_read_and_says_that_nobody_records_it(
    passgate: Passgate, ledger: Recorded, tmp_path: Path
) -> None:
    copy = tmp_path / "evidence"
    shutil.copytree(ledger.folder, copy)
    shutil.rmtree(copy / "keys")
    result = passgate("ledger", "tail", "--ledger", str(copy))
    assert "cannot be written" in result.err
    assert "session.end" in result.out
    assert not (copy / "cli-w0").exists()


def test_repair_says_what_it_did(passgate: Passgate, folder: Path) -> None:
    """The faults themselves are tested with the ledger."""
    from tests.unit.ledger.test_repair import cut_short

    (folder / "state").mkdir(mode=0o700)
    asyncio.run(cut_short(folder / "state" / "ledger"))
    assert passgate("ledger", "verify").code == 1
    result = passgate("ledger", "repair", "gate-w0")
    assert result.code == 0
    assert "1 entries were given up" in result.out
    assert "A copy of what was cut off is in" in result.err
    assert passgate("ledger", "repair", "gate-w0").out == "gate-w0 opens as it is\n"
    body = json.loads(passgate("ledger", "repair", "gate-w0", "--json").out)
    assert body == {"log": "gate-w0", "repaired": False, "size": None, "given_up": 0}
    assert passgate("ledger", "verify").code == 0
