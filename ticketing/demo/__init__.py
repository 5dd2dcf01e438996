"""A demo city: invented, plausible, and the same for the same seed."""
