"""Masking: detectors, strategies, plans, and a window over streams. Knows no protocol."""

from passgate.masking.detectors import Detector, Finding, Rule, is_compiled, open_detector
from passgate.masking.masker import SessionMasker, SessionMaskerFactory
from passgate.masking.plans import LineagePlanner

__all__ = [
    "Detector",
    "Finding",
    "LineagePlanner",
    "Rule",
    "SessionMasker",
    "SessionMaskerFactory",
    "is_compiled",
    "open_detector",
]
