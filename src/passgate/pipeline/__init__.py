"""One way from bytes to bytes: identify, understand, decide, record, transform."""
