"""The secret that signs tokens, from Secrets Manager. Only users and the authorizer may read it."""

from collections.abc import Callable
from functools import cache

from microservices.aws import client


def token_secret(arn: str) -> Callable[[], str]:
    """Return what gives the secret: fetched when it is first needed, then kept for the function's life."""

    @cache
    def secret() -> str:
        value: str = client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
        return value

    return secret
