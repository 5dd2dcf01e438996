"""How the time for a backlog of recordings grows with its length."""
