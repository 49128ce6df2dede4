"""The live feed over a WebSocket, three threads a client. Twin: microservices/live/connections.py."""

from flask import Blueprint
from flask_sock import Sock
from simple_websocket import Server
from wsproto.frame_protocol import CloseReason

from monolith.live.client import Client, ReadingThread
from monolith.live.hub import Hub
from shared_domain.contract.live import error_json, parse_topic, subscribed_json
from shared_domain.errors import DomainError, Unavailable

PATH = "/live"
SOCKET_OPTIONS = {
    "ping_interval": 20,  # seconds; who has not answered by the next one is gone
    "max_message_size": 128 * 1024,  # bytes, as at the gateway; a longer one ends the connection
    "thread_class": ReadingThread,
}


def routes(hub: Hub) -> Blueprint:
    blueprint = Blueprint("live", __name__)

    def live(socket: Server) -> None:
        """Serve a client until it is gone."""
        try:
            client = Client(socket)
            hub.join(client)
        except Unavailable as full:
            socket.close(CloseReason.TRY_AGAIN_LATER, str(full))
            return
        except OSError:  # it was gone before it was here
            return
        try:
            with client.sending():
                for message in client.messages():
                    client.send(_heard(hub, client, message))
        finally:
            hub.leave(client)

    Sock().route(PATH, bp=blueprint)(live)
    return blueprint


def _heard(hub: Hub, client: Client, message: str | bytes) -> str:
    """Return what a client hears that has said this. Whatever it was, it stays connected."""
    try:
        topic = parse_topic(message)
        hub.subscribe(client, topic)
    except DomainError as error:
        return error_json(error)
    return subscribed_json(topic)
