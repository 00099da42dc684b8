"""OpenID Connect: whose word a token is, and what it says. The cryptography is joserfc's."""
