"""Create the table of views, counted per minute."""

from alembic import op

revision = "0005"
down_revision = "0004"

_TABLES = (
    """
    CREATE TABLE views (
        minute timestamptz,
        post_id text COLLATE "C",
        views integer NOT NULL,
        PRIMARY KEY (minute, post_id)
    )
    """,
)


def upgrade() -> None:
    for statement in _TABLES:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("views")
