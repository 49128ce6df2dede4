"""Create the table of orders, each with its buyer's idempotency key."""

from alembic import op

revision = "0002"
down_revision = "0001"

_TABLES = (
    """
    CREATE TABLE orders (
        id text COLLATE "C" PRIMARY KEY,
        buyer text COLLATE "C" NOT NULL,
        idempotency_key text COLLATE "C" NOT NULL,
        stage text NOT NULL,
        reason text,
        lines jsonb NOT NULL,
        total_credits integer NOT NULL,
        created_at timestamptz NOT NULL,
        UNIQUE (buyer, idempotency_key)
    )
    """,
    "CREATE INDEX orders_by_buyer ON orders (buyer, id)",
)


def upgrade() -> None:
    for statement in _TABLES:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("orders")
