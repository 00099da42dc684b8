"""Passgate as the issuer of its own tokens (OAuth 2.1): keys, access and refresh tokens, codes, clients. No HTTP is served here."""
