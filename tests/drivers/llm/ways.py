"""The two ways to the stand-in: straight to it, and through the gate. What works on the first must work on the second."""

from dataclasses import dataclass, field

from anthropic import Anthropic, AsyncAnthropic
from openai import AsyncOpenAI, OpenAI

from passgate.testing.llm_provider import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """``url``: the origin; ``key``: what the caller presents there."""

    name: str
    url: str
    provider: Provider
    key: str = field(repr=False)

    @property
    def governed(self) -> bool:
        return self.name != "direct"

    def openai(self, **options) -> OpenAI:
        return OpenAI(base_url=f"{self.url}/v1", api_key=self.key, **options)

    def anthropic(self, **options) -> Anthropic:
        return Anthropic(base_url=self.url, api_key=self.key, **options)

    def async_openai(self, **options) -> AsyncOpenAI:
        return AsyncOpenAI(base_url=f"{self.url}/v1", api_key=self.key, **options)

    def async_anthropic(self, **options) -> AsyncAnthropic:
        return AsyncAnthropic(base_url=self.url, api_key=self.key, **options)
