"""Passgate: the gate between AI and infrastructure."""

from passgate import implementation

__version__ = "0.1.0"

implementation.select()
