"""What may help an agent with a citizen's words: proposed, explained, decided by a person."""
