"""How many personal numbers are found, and how many of those found are personal."""
