"""How each kind of resource's recordings read."""

from collections.abc import Mapping

from passgate.codecs.llm.recorded_chat import RecordedChat
from passgate.codecs.postgres.recorded_rows import PostgresRows
from passgate.core.moment import RecordingReader
from passgate.ledger.recorded_statements import RecordedStatements

READERS: Mapping[str, RecordingReader] = {"postgres": RecordedStatements(PostgresRows()), "llm": RecordedChat()}
"""By kind of resource."""
