"""Exported lines can be held against the log, and OCSF lines have what their classes require."""

import base64

import orjson
import pytest

from passgate.core.event import EventType
from passgate.ledger.export import Format, export, native, ocsf
from passgate.ledger.merkle import leaf_hash
from passgate.ledger.proof import prove
from tests.unit.ledger.conftest import Recorded

# Required by OCSF 1.3 of every class of the Application Activity category used here.
BASE = {
    "activity_id",
    "actor",
    "category_uid",
    "class_uid",
    "metadata",
    "severity_id",
    "src_endpoint",
    "time",
    "type_uid",
}
REQUIRED = {6003: BASE | {"api"}, 6005: BASE}


@pytest.mark.parametrize("form", list(Format))
def test_one_line_of_json_per_entry(recorded: Recorded, form: Format) -> None:
    entries = list(recorded.reader.entries())
    lines = list(export(entries, form))
    assert len(lines) == len(entries)
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)


def test_a_native_line_names_origin_index_and_hash(recorded: Recorded) -> None:
    entry = recorded.reader.find(recorded.ids["intent"])
    assert entry is not None
    line = native(entry)
    assert (line["log_origin"], line["log_index"], line["id"]) == ("audit.local/gate-w0", entry.index, entry.id)
    proven = prove(entry)
    assert line["leaf_hash"] == leaf_hash(entry.leaf).hex()
    assert base64.b64decode(proven.checkpoint.split(b"\n")[2])  # the proof of this very hash is the one for the index


def test_ocsf_lines_have_what_their_class_requires(recorded: Recorded) -> None:
    for entry in recorded.reader.entries():
        line = ocsf(entry)
        assert REQUIRED[line["class_uid"]] <= line.keys()
        assert line["type_uid"] == line["class_uid"] * 100 + line["activity_id"]
        assert 1_600_000_000_000 < line["time"] < 10_000_000_000_000  # milliseconds
        assert line["unmapped"]["log_index"] == entry.index
        assert orjson.loads(orjson.dumps(line)) == line


def test_a_refused_statement_in_ocsf(recorded: Recorded) -> None:
    entry = recorded.reader.find(recorded.ids["refused"])
    assert entry is not None
    line = ocsf(entry)
    assert (line["class_name"], line["activity_id"], line["status_id"], line["severity_id"]) == (
        "Datastore Activity", 5, 2, 3,
    )  # fmt: skip
    assert (line["disposition_id"], line["policy"]["name"]) == (2, "no-drop")
    assert line["actor"]["user"]["name"] == "reporter"
    assert line["actor"]["invoked_by"] == "ada@example.com"
    assert line["actor"]["session"]["uid"] == "S1"
    assert line["src_endpoint"] == {"ip": "127.0.0.1", "port": 55555}
    assert line["database"]["name"] == "shop"


def test_what_is_no_statement_is_api_activity(recorded: Recorded) -> None:
    boot = next(recorded.reader.entries())
    line = ocsf(boot)
    assert (line["class_uid"], line["api"]["operation"], line["actor"]["user"]["name"]) == (
        6003, EventType.NODE_BOOT, "passgate",
    )  # fmt: skip
    assert line["src_endpoint"] == {"name": "passgate"}


def test_a_type_of_a_later_version_is_exported_too(recorded: Recorded) -> None:
    from dataclasses import replace

    boot = next(recorded.reader.entries())
    line = ocsf(replace(boot, event={**boot.event, "type": "moon.landed"}))
    assert (line["severity_id"], line["metadata"]["event_code"]) == (1, "moon.landed")
