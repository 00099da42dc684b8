"""How the schema came about, one file per step (Alembic). Steps are never changed once released."""
