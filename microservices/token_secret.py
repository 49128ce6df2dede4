"""The secret that signs tokens, from Secrets Manager. Only the users function and the authorizer may read it."""

from collections.abc import Callable
from functools import cache

from microservices.aws import client


def token_secret(arn: str) -> Callable[[], str]:
    """Return a function that returns the secret. Its first call fetches the secret and caches it in the process."""

    @cache
    def secret() -> str:
        value: str = client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
        return value

    return secret
