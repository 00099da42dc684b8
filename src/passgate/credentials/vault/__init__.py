"""HashiCorp Vault and OpenBao, which speak the same HTTP API."""
