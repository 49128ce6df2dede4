"""Locust's own fast user, closed and bare: `python -m tests.bench.fast_user URL USERS SECONDS` prints its answers a second."""

import sys
from time import perf_counter

import gevent
from locust import FastHttpUser, constant, task
from locust.env import Environment


class Bare(FastHttpUser):
    """Send a request as soon as the last one is answered."""

    wait_time = constant(0)

    @task
    def send(self) -> None:
        """Send one request."""
        self.client.get("")


def rate(url: str, *, users: int, seconds: float) -> float:
    """Return the answers a second for a number of users."""
    Bare.host = url
    environment = Environment(user_classes=[Bare])
    runner = environment.create_local_runner()
    runner.start(users, spawn_rate=users)
    gevent.sleep(0.5)
    before, begin = environment.stats.total.num_requests, perf_counter()
    gevent.sleep(seconds)
    rate = (environment.stats.total.num_requests - before) / (perf_counter() - begin)
    runner.quit()
    return rate


if __name__ == "__main__":
    print(rate(sys.argv[1], users=int(sys.argv[2]), seconds=float(sys.argv[3])))
