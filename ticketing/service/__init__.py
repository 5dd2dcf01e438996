"""Use cases: load, one domain call, commit."""
