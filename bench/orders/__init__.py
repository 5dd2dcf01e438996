"""How fast work orders are listed, found, opened and swept, with few and with a million of them."""
