"""Policy packs, one dated file for each city, and the published working days: data, not code."""
