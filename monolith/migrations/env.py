"""Alembic's entry: runs the migrations on the engine that monolith.database hands over."""

from alembic import context

from monolith.database import metadata

engine = context.config.attributes["engine"]
with engine.connect() as connection:
    # One start at a time brings the schema up; another waits here and finds it done.
    connection.exec_driver_sql("SELECT pg_advisory_lock(20261120)")
    connection.commit()
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
