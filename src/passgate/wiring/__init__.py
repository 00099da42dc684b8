"""How each kind of listener and resource is put together, for the composition root only."""
