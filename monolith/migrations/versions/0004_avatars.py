"""Create the table of avatars, and the job queue under its first name, `outbox`."""

from alembic import op

revision = "0004"
down_revision = "0003"

_TABLES = (
    """
    CREATE TABLE avatars (
        username text COLLATE "C" PRIMARY KEY REFERENCES users (username) ON DELETE CASCADE,
        thumbnail bytea NOT NULL,
        upload text COLLATE "C" NOT NULL
    )
    """,
    """
    CREATE TABLE outbox (
        id text COLLATE "C" PRIMARY KEY,
        kind text NOT NULL,
        subject text NOT NULL,
        payload bytea NOT NULL,
        tries integer NOT NULL DEFAULT 0,
        reason text
    )
    """,
)


def upgrade() -> None:
    for statement in _TABLES:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("outbox")
    op.drop_table("avatars")
