"""Passgate: the gate between AI and infrastructure."""

__version__ = "0.1.0"
