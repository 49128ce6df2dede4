"""The deployed functions on a local AWS: each is made to start anew, under watch, and to be woken."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from loadtests.coldstarts.notes import Notes
from loadtests.floors.cloud import STAGE, client
from loadtests.systems import SystemFailed
from microservices.deploy import templates


@dataclass(frozen=True, slots=True)
class Function:
    """One function as it is deployed: the module of its handler, its memory, and its environment."""

    name: str
    handler: str
    memory_mb: int
    environment: Mapping[str, str]


class Deployed:
    """The functions behind the API of a local AWS."""

    def __init__(self, api_url: str, notes: Notes) -> None:
        place = urlsplit(api_url)
        self._lambda = client("lambda", f"{place.scheme}://{place.netloc}")
        self._notes = notes
        self.functions = {name: self._found(name, handler) for name, handler in handlers().items()}

    def renew(
        self, name: str, mark: str, *, memory_mb: int | None = None, held: bool = False, kept: bool = False
    ) -> None:
        """End the function's processes, by giving it another configuration; the next one carries the mark. See notes.py.

        Raise SystemFailed if that is refused.
        """
        one = self.functions[name]
        watched = self._notes.settings(mark, handler=one.handler, held=held, kept=kept)
        try:
            self._lambda.update_function_configuration(
                FunctionName=f"{STAGE}-{name}",
                MemorySize=memory_mb or one.memory_mb,
                Environment={"Variables": {**one.environment, **watched}},
            )
        except (BotoCoreError, ClientError) as refused:
            raise SystemFailed(f"{name} takes no other configuration: {refused}") from refused

    def silence(self) -> None:
        """Have no queue and no stream wake anybody any more. Raise SystemFailed if that is refused."""
        try:
            for page in self._lambda.get_paginator("list_event_source_mappings").paginate():
                for each in page["EventSourceMappings"]:
                    self._lambda.update_event_source_mapping(UUID=each["UUID"], Enabled=False)
        except (BotoCoreError, ClientError) as refused:
            raise SystemFailed(f"queues and streams go on waking functions: {refused}") from refused

    def invoke(self, name: str, event: Any) -> None:
        """Hand the function an event and wait until it is done. Raise SystemFailed if it fails."""
        try:
            answer = self._lambda.invoke(FunctionName=f"{STAGE}-{name}", Payload=json.dumps(event))
        except (BotoCoreError, ClientError) as refused:
            raise SystemFailed(f"{name} cannot be called: {refused}") from refused
        if "FunctionError" in answer:
            raise SystemFailed(f"{name} failed: {json.load(answer['Payload']).get('errorMessage')}")

    def _found(self, name: str, handler: str) -> Function:
        known = self._lambda.get_function_configuration(FunctionName=f"{STAGE}-{name}")
        return Function(name, handler, known["MemorySize"], known.get("Environment", {}).get("Variables", {}))


def handlers() -> dict[str, str]:
    """Return the functions of all rooms by name, each with the module of its handler."""
    return {name: module for room in templates.services() for name, module in templates.functions(room).items()}
