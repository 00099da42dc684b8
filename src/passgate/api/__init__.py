"""How an operator reaches a running gate: a Unix socket, open to the gate's own user and root only."""
