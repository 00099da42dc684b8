"""The public test kit: real servers to test against, and what a test of a gate needs."""

from passgate.testing.postgres import PostgresCluster, PostgresMissingError

__all__ = ("PostgresCluster", "PostgresMissingError")
