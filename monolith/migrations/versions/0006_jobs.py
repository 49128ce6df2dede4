"""Rename the job queue's table from `outbox` to `jobs`, and its column `tries` to `attempts`."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.rename_table("outbox", "jobs")
    op.execute("ALTER INDEX outbox_pkey RENAME TO jobs_pkey")
    op.alter_column("jobs", "tries", new_column_name="attempts")


def downgrade() -> None:
    op.alter_column("jobs", "attempts", new_column_name="tries")
    op.execute("ALTER INDEX jobs_pkey RENAME TO outbox_pkey")
    op.rename_table("jobs", "outbox")
