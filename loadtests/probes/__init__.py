"""The script that both systems are asked for parity, room by room: what is there, every kind of refusal, whole lives."""

from loadtests.data.world import World
from loadtests.probes import orders, posts, rooms
from loadtests.probes.probe import Probe, Script

__all__ = ["Probe", "Script", "script"]


def script(world: World, *, alone: bool) -> Script:
    """Yield the probes: what is there, then every kind of refusal, then the lives of a post and of an order.

    alone: also whole lists, which are the same on both sides only where nothing but the seeded data is in them, and what the
    administrator may.
    """
    yield from posts.reads(world)
    yield from rooms.reads(world)
    if alone:
        yield from posts.lists(world)
        yield from rooms.administration(world)
    yield from posts.refusals(world)
    yield from rooms.refusals(world)
    yield from posts.life_of_a_post(world)
    yield from orders.refusals(world)
    yield from orders.life_of_an_order(world)
