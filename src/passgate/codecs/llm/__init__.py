"""The HTTP APIs of language models: OpenAI's, Anthropic's, and whoever speaks like them. Bytes in, items out."""
