"""Alembic's entry point: run the migrations on the engine of monolith.database."""

from alembic import context

from monolith.database import metadata

engine = context.config.attributes["engine"]
with engine.connect() as connection:
    # One process at a time upgrades the schema. Another one waits here and then has nothing to do.
    connection.exec_driver_sql("SELECT pg_advisory_lock(20261120)")
    connection.commit()
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
