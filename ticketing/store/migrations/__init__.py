"""Migrations of the database; run by ``ticketing.store.database`` at start."""
