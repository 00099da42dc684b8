"""SCIM 2.0 (RFC 7644): where a company's directory tells who works there."""
