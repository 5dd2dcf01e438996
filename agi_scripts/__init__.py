"""What the caller hears: one file for one flow."""
