"""A stand-in for a provider of language models: a real HTTP server that speaks OpenAI's and Anthropic's dialects.

What it answers is scripted (``Script``); what it was asked is there to look at (``Received``). It demands a credential of its own,
so that a test notices when a caller's is passed on.
"""

from passgate.testing.llm_provider.received import Exchange, Received
from passgate.testing.llm_provider.running import RunningProvider
from passgate.testing.llm_provider.script import (
    Cut,
    Failure,
    Fault,
    Part,
    RedactedThinking,
    Refusal,
    Script,
    Text,
    Thinking,
    ToolCall,
    Writing,
)
from passgate.testing.llm_provider.server import Provider

__all__ = (
    "Cut",
    "Exchange",
    "Failure",
    "Fault",
    "Part",
    "Provider",
    "Received",
    "RedactedThinking",
    "Refusal",
    "RunningProvider",
    "Script",
    "Text",
    "Thinking",
    "ToolCall",
    "Writing",
)
