"""The nouns. This folder imports nothing of ours."""
