"""What the conversation after log-in is made of: its items, the names it keeps, the replies it waits for."""
