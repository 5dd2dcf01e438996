"""Simulated citizens and seats on real SIP: ``make demo`` shows them, the tests use them."""
