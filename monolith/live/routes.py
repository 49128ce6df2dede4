"""The live feed over a WebSocket, with three threads per client. Twin: microservices/live/connections.py."""

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
    "ping_interval": 20,  # seconds; a client that does not answer before the next ping is disconnected
    "max_message_size": 128 * 1024,  # bytes, the gateway's limit; a longer message ends the connection
    "thread_class": ReadingThread,
}


def routes(hub: Hub) -> Blueprint:
    blueprint = Blueprint("live", __name__)

    def live(socket: Server) -> None:
        """Serve a client until it disconnects."""
        try:
            client = Client(socket)
            hub.join(client)
        except Unavailable as error:
            socket.close(CloseReason.TRY_AGAIN_LATER, str(error))
            return
        except OSError:  # it disconnected during the handshake
            return
        try:
            with client.run_sender():
                for message in client.receive_messages():
                    client.send(_handle_message(hub, client, message))
        finally:
            hub.leave(client)

    Sock().route(PATH, bp=blueprint)(live)
    return blueprint


def _handle_message(hub: Hub, client: Client, message: str | bytes) -> str:
    """Subscribe the client and return the reply. An invalid message gets an error and keeps the connection open."""
    try:
        topic = parse_topic(message)
        hub.subscribe(client, topic)
    except DomainError as error:
        return error_json(error)
    return subscribed_json(topic)
