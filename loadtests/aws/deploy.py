"""`aws deploy`: the steps of a deployment in their order. Each can be repeated, so a run that ended is resumed by another one."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from rich.console import Console

from loadtests.aws.budget import Budget
from loadtests.aws.stacks import MICROSERVICES, Stack
from microservices.deploy.deployment import Deployment
from microservices.deploy.packages import Package

Step = dict[str, Callable[[], str]]  # actions that run in parallel, by their description. Each returns what it did


@dataclass(frozen=True, slots=True)
class Steps:
    """What a deployment does. build: the zips of the functions."""

    deployment: Deployment
    order: Sequence[Sequence[Stack]]
    build: Callable[[], tuple[Package, ...]]
    budget: Budget | None
    releases: dict[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Step]:
        """Yield the steps. A dry run prints the same ones."""
        stacks = [one for wave in self.order for one in wave]
        has_services = any(one.side == MICROSERVICES for one in stacks)
        if self.budget:
            yield {f"set {self.budget}": self.budget.save}
        if has_services:
            yield {f"build the zips and upload them to {self.deployment.bucket}": self._upload}
        for wave in self.order:
            yield {f"deploy {self._describe(one)}": partial(self._deploy, one) for one in wave}
        if has_services:
            yield {"invoke votes-projection, which writes the empty leaderboard": self._write_leaderboard}

    def run(self, console: Console) -> None:
        """Run each step after the one before it. Print each action when it ends."""
        with ThreadPoolExecutor() as pool:
            for step in self:
                running = {pool.submit(action): text for text, action in step.items()}
                for future, text in running.items():
                    console.print(f"{text}: {future.result()}", soft_wrap=True, highlight=False, markup=False)

    def _describe(self, stack: Stack) -> str:
        given = {"Stage": self.deployment.stage, **stack.given}
        values = " ".join(f"{name}={value}" for name, value in given.items() if name in stack.declared)
        return f"{self.deployment.stack_name(stack.name)} with {values}"

    def _upload(self) -> str:
        packages = self.build()
        self.releases.update({each.service: each.release for each in packages})
        self.deployment.create_bucket()
        self.deployment.upload(packages)
        return f"{len(packages)} zips"

    def _deploy(self, stack: Stack) -> str:
        return self.deployment.deploy_stack(stack.name, stack.template, Release=self.releases.get(stack.name, ""))

    def _write_leaderboard(self) -> str:
        self.deployment.invoke("votes-projection", {"Records": []})
        return "done"
