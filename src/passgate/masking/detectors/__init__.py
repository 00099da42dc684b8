"""Detection of personal data and secrets: tables of rules, two engines that find the same, validators."""

from passgate.masking.detectors.detector import Detector, is_compiled, open_detector
from passgate.masking.detectors.rule import Rule
from passgate.masking.detectors.spans import Finding

__all__ = ["Detector", "Finding", "FindingClass", "Rule", "is_compiled", "open_detector"]
