"""SCIM 2.0 (RFC 7643, RFC 7644): what directories send of people and groups. Bytes and JSON in, nouns of ``core.directory`` out."""
