"""The bench: our reception side by side with the same menu in plain dialplan (``make bench``)."""
