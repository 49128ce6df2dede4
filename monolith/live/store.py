"""News in PostgreSQL: told with the transaction that makes it, or not at all. The services have outboxes, a topic and queues."""

from sqlalchemy import Connection, text

from shared_domain.live import News

CHANNEL = "live"
_TOLD = text(f"SELECT pg_notify('{CHANNEL}', :payload)")


class SqlNews:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def tell(self, news: News) -> None:
        """Tell every process of the server, as soon as the transaction commits. A payload may have 8,000 bytes; ours has 1,300."""
        self._connection.execute(_TOLD, {"payload": f"{news.topic} {news.text}"})


def news_in(payload: str) -> News:
    """Return the news that `tell` put into a payload."""
    topic, _, message = payload.partition(" ")
    return News(topic, message)
