"""Create the tables of users, posts, votes and the search index."""

from alembic import op

revision = "0001"
down_revision = None

_TABLES = (
    """
    CREATE TABLE users (
        id text COLLATE "C" NOT NULL,
        username text COLLATE "C" PRIMARY KEY,
        email text NOT NULL,
        email_key text COLLATE "C" NOT NULL UNIQUE,
        display_name text NOT NULL,
        bio text NOT NULL,
        credits integer NOT NULL CHECK (credits >= 0),
        password_hash text NOT NULL,
        created_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE posts (
        id text COLLATE "C" PRIMARY KEY,
        author text COLLATE "C" NOT NULL,
        title text NOT NULL,
        body text NOT NULL,
        tags text[] NOT NULL,
        score integer NOT NULL,
        boosted_until timestamptz,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX posts_by_author ON posts (author, id)",
    "CREATE INDEX posts_by_tag ON posts USING gin (tags)",
    "CREATE INDEX posts_by_score ON posts (score DESC, id)",
    """
    CREATE TABLE votes (
        post_id text COLLATE "C" REFERENCES posts ON DELETE CASCADE,
        voter text COLLATE "C",
        value smallint NOT NULL CHECK (value IN (1, -1)),
        PRIMARY KEY (post_id, voter)
    )
    """,
    """
    CREATE TABLE search_index (
        post_id text COLLATE "C" PRIMARY KEY REFERENCES posts ON DELETE CASCADE,
        weights jsonb NOT NULL
    )
    """,
    "CREATE INDEX search_index_by_stem ON search_index USING gin (weights)",
)


def upgrade() -> None:
    for statement in _TABLES:
        op.execute(statement)


def downgrade() -> None:
    for table in ("search_index", "votes", "posts", "users"):
        op.drop_table(table)
