"""Where state is kept: SQLite under the state folder. Other services see it through their own Protocols."""
