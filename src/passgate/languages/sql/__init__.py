"""PostgreSQL: text to actions."""
