"""What speaks against a caller is found by its kind."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision: str | None = "0017"


def upgrade() -> None:
    """Another index in the place of the old one."""
    op.create_index("ix_nuisance_signs_kind", "nuisance_signs", ["caller", "kind", "at"])
    op.drop_index("ix_nuisance_signs_caller", "nuisance_signs")


def downgrade() -> None:
    """The old one."""
    op.create_index("ix_nuisance_signs_caller", "nuisance_signs", ["caller", "at"])
    op.drop_index("ix_nuisance_signs_kind", "nuisance_signs")
