"""Who else must agree. Until people can be asked, nobody can, and what is held is refused."""
