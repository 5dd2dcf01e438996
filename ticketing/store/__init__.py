"""SQLAlchemy tables, migrations and the unit of work: the one truth."""
