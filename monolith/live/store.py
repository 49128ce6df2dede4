"""Live messages in PostgreSQL: sent by NOTIFY when the transaction commits. The services have a topic and queues."""

from sqlalchemy import Connection, text

from shared_domain.live import LiveMessage

CHANNEL = "live"
_NOTIFY = text(f"SELECT pg_notify('{CHANNEL}', :payload)")


class SqlLiveFeed:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def publish(self, message: LiveMessage) -> None:
        """Tell every process of the server, as soon as the transaction commits. A payload may have 8,000 bytes; ours has 1,300."""
        self._connection.execute(_NOTIFY, {"payload": f"{message.topic} {message.text}"})


def parse_payload(payload: str) -> LiveMessage:
    """Return the news that `tell` put into a payload."""
    topic, _, message = payload.partition(" ")
    return LiveMessage(topic, message)
