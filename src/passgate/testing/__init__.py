"""The public test kit: real servers to test against, and what a test of a gate needs."""

from passgate.testing.gate import GateSetup, IssuedPass, LlmUpstream, RunningGate, command_line
from passgate.testing.openbao import OpenBao, OpenBaoMissingError
from passgate.testing.postgres import PostgresCluster, PostgresMissingError

__all__ = (
    "GateSetup",
    "IssuedPass",
    "LlmUpstream",
    "OpenBao",
    "OpenBaoMissingError",
    "PostgresCluster",
    "PostgresMissingError",
    "RunningGate",
    "command_line",
)
