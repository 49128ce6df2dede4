"""Live messages in PostgreSQL: sent by NOTIFY when the transaction commits. The services use a topic and queues."""

from sqlalchemy import Connection, text

from shared_domain.live import LiveMessage

CHANNEL = "live"
_SELECT_NOTIFY = text(f"SELECT pg_notify('{CHANNEL}', :payload)")


class SqlLiveFeed:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def publish(self, message: LiveMessage) -> None:
        """Send the message to every process at commit. PostgreSQL limits a payload to 8,000 bytes; ours have up to 1,300."""
        self._connection.execute(_SELECT_NOTIFY, {"payload": f"{message.topic} {message.text}"})


def parse_payload(payload: str) -> LiveMessage:
    """Return the message that `publish` wrote into a payload."""
    topic, _, message = payload.partition(" ")
    return LiveMessage(topic, message)
