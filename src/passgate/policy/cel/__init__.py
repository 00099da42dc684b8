"""Conditions in CEL syntax: a strict, statically typed subset (https://github.com/google/cel-spec), compiled to closures.

What the subset leaves out (floats, unsigned integers, bytes, map literals, messages, ``dyn``) is refused when a bundle is loaded.
"""

from passgate.policy.cel.checker import Attribute, Checked, check, dotted, nearest, unknown_key
from passgate.policy.cel.compiler import Getter, Program, compile_condition, conjunction
from passgate.policy.cel.errors import ConditionError, EvaluationError
from passgate.policy.cel.frame import Frame
from passgate.policy.cel.functions import Value, duration, timestamp
from passgate.policy.cel.lookalikes import lookalike
from passgate.policy.cel.parser import parse
from passgate.policy.cel.types import (
    BOOL,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    ListType,
    MapType,
    RecordType,
    SetType,
    StringType,
    Type,
)

__all__ = (
    "BOOL",
    "DURATION",
    "INT",
    "STRING",
    "TIMESTAMP",
    "Attribute",
    "Checked",
    "ConditionError",
    "EvaluationError",
    "Frame",
    "Getter",
    "ListType",
    "MapType",
    "Program",
    "RecordType",
    "SetType",
    "StringType",
    "Type",
    "Value",
    "check",
    "compile_condition",
    "conjunction",
    "dotted",
    "duration",
    "lookalike",
    "nearest",
    "parse",
    "timestamp",
    "unknown_key",
)
