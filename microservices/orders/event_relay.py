"""Publish each stage that an order reaches, from the table's stream, as an event to the topic.

The monolith has no such file: it settles an order in a loop.
"""

from microservices.events import Publish
from microservices.order_events import publish_stage
from microservices.orders.store import is_order, parse_order
from microservices.streams import Record, new_image


def relay_record(publish: Publish, record: Record) -> None:
    """Publish the stage of the order in a record of the orders table's stream."""
    image = new_image(record)
    if image is not None and is_order(record["dynamodb"]["Keys"]):
        publish_stage(publish, parse_order(image))  # network
