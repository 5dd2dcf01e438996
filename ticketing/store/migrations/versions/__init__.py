"""One file for each step, in order; each names the one before it."""
