"""PostgreSQL's own grammar: the C entry points of libpg_query (BSD-3-Clause), reached with ctypes.

The shared object ships in the distribution ``postgast``; its Python package is not imported (it loads protobuf, and its own
``parse`` refuses 23 nested sub-selects). The library works on NUL-terminated UTF-8 and may crash the process on a text that nests
too deeply: callers bound the text first (see ``parser.py``).
"""

import ctypes
import importlib.util
import sys
from ctypes import POINTER, Structure, c_char_p, c_int, c_uint64
from functools import cache
from pathlib import Path
from typing import ClassVar

from passgate.core.errors import ConfigError

_FILE_NAMES = {"linux": "libpg_query.so", "darwin": "libpg_query.dylib", "win32": "pg_query.dll"}


class GrammarError(Exception):
    """The text is not in PostgreSQL's language. ``position`` counts characters from 1; 0 is unknown."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


class _Error(Structure):
    _fields_: ClassVar = [
        ("message", c_char_p),
        ("funcname", c_char_p),
        ("filename", c_char_p),
        ("lineno", c_int),
        ("cursorpos", c_int),
        ("context", c_char_p),
    ]


class _ParseResult(Structure):
    _fields_: ClassVar = [("parse_tree", c_char_p), ("stderr_buffer", c_char_p), ("error", POINTER(_Error))]


class _FingerprintResult(Structure):
    _fields_: ClassVar = [
        ("fingerprint", c_uint64),
        ("fingerprint_str", c_char_p),
        ("stderr_buffer", c_char_p),
        ("error", POINTER(_Error)),
    ]


class LibPgQuery:
    """The loaded library. Calls are thread-safe: it keeps its memory per thread."""

    def __init__(self, path: Path) -> None:
        library = ctypes.CDLL(str(path))
        self._parse = library.pg_query_parse
        self._parse.argtypes = [c_char_p]
        self._parse.restype = _ParseResult
        self._free_parse = library.pg_query_free_parse_result
        self._free_parse.argtypes = [_ParseResult]
        self._free_parse.restype = None
        self._fingerprint = library.pg_query_fingerprint
        self._fingerprint.argtypes = [c_char_p]
        self._fingerprint.restype = _FingerprintResult
        self._free_fingerprint = library.pg_query_free_fingerprint_result
        self._free_fingerprint.argtypes = [_FingerprintResult]
        self._free_fingerprint.restype = None

    def parse(self, text: bytes) -> bytes:
        """The raw parse tree as JSON. ``text`` holds no NUL. Raises GrammarError."""
        result = self._parse(text)
        try:
            _check(result.error)
            tree: bytes = result.parse_tree
            return tree
        finally:
            self._free_parse(result)

    def fingerprint(self, text: bytes) -> str:
        """A hash of the parse tree without its literals, in hexadecimal. Raises GrammarError."""
        result = self._fingerprint(text)
        try:
            _check(result.error)
            digest: bytes = result.fingerprint_str
            return digest.decode("ascii")
        finally:
            self._free_fingerprint(result)


def _check(error: "ctypes._Pointer[_Error]") -> None:
    if bool(error):
        found = error.contents
        raise GrammarError((found.message or b"syntax error").decode("utf-8", "replace"), found.cursorpos)


@cache
def load() -> LibPgQuery:
    """The library, loaded once. Raises ConfigError where it is not installed."""
    spec = importlib.util.find_spec("postgast")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / _FILE_NAMES.get(sys.platform, "libpg_query.so")
        if path.is_file():
            return LibPgQuery(path)
    raise ConfigError("libpg_query was not found: install the distribution postgast, which ships it")
