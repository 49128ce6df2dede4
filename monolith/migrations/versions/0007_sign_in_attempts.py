"""Create the table of sign-in attempts."""

from alembic import op

revision = "0007"
down_revision = "0006"

_TABLES = (
    """
    CREATE TABLE sign_in_attempts (
        window_end timestamptz,
        username text COLLATE "C",
        network text COLLATE "C",
        attempts integer NOT NULL,
        PRIMARY KEY (window_end, username, network)
    )
    """,
)


def upgrade() -> None:
    for statement in _TABLES:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("sign_in_attempts")
