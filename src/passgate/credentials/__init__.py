"""With what the gate logs in to targets. A client never sees any of it."""
