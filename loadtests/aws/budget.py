"""The monthly budget of a deployment. It covers the whole account, because AWS counts by a tag only a day after its activation."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from loadtests.aws.stacks import TAG
from loadtests.aws.target import Target

THRESHOLDS = ((50, "ACTUAL"), (80, "ACTUAL"), (100, "ACTUAL"), (100, "FORECASTED"))  # percent of the budget


@dataclass(frozen=True, slots=True)
class Budget:
    """A monthly budget in dollars and the address that is notified. AWS checks it a few times a day, and stops nothing."""

    target: Target
    stage: str
    dollars: float
    email: str

    def __str__(self) -> str:
        return f"a monthly budget of ${self.dollars:.2f} with notifications to {self.email}"

    def save(self) -> str:
        """Create the budget. Replace one of an earlier run."""
        budgets, account = self.target.client("budgets"), self.target.account()
        delete(budgets, account, self.stage)
        budgets.create_budget(
            AccountId=account,
            Budget={
                "BudgetName": name(self.stage),
                "BudgetLimit": {"Amount": f"{self.dollars:.2f}", "Unit": "USD"},
                "TimeUnit": "MONTHLY",
                "BudgetType": "COST",
            },
            NotificationsWithSubscribers=[
                {
                    "Notification": {
                        "NotificationType": kind,
                        "ComparisonOperator": "GREATER_THAN",
                        "Threshold": percent,
                        "ThresholdType": "PERCENTAGE",
                    },
                    "Subscribers": [{"SubscriptionType": "EMAIL", "Address": self.email}],
                }
                for percent, kind in THRESHOLDS
            ],
            ResourceTags=[{"Key": TAG, "Value": self.stage}],
        )
        return "set"


def name(stage: str) -> str:
    """Return the name of a stage's budget."""
    return f"{stage}-budget"


def delete(budgets: Any, account: str, stage: str) -> None:
    """Delete a stage's budget, if there is one."""
    with suppress(budgets.exceptions.NotFoundException):
        budgets.delete_budget(AccountId=account, BudgetName=name(stage))
