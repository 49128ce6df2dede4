"""Orders tells all services: each stage that an order comes to becomes an event on the topic.

The monolith has no such file: there, settling is a loop.
"""

from microservices.events import Publish
from microservices.order_events import tell
from microservices.orders.store import is_order, order_from
from microservices.streams import Record, new_image


def pass_on(publish: Publish, record: Record) -> None:
    """Tell what a record of the orders table's stream says of an order."""
    image = new_image(record)
    if image is not None and is_order(record["dynamodb"]["Keys"]):
        tell(publish, order_from(image))  # network
