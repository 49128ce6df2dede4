"""Create the table of feedback."""

from alembic import op

revision = "0003"
down_revision = "0002"

_TABLES = (
    """
    CREATE TABLE feedback (
        id text COLLATE "C" PRIMARY KEY,
        message text NOT NULL,
        contact text,
        created_at timestamptz NOT NULL
    )
    """,
)


def upgrade() -> None:
    for statement in _TABLES:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("feedback")
