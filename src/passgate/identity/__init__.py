"""Who is asking: passes are issued, found, revoked and followed here."""
