"""Evaluate CloudFormation's intrinsic functions, as far as the services' templates use them."""

import re
from collections.abc import Callable
from typing import Any, Protocol

NO_VALUE = object()
_PLACEHOLDER = re.compile(r"\$\{([^}!]+)\}")


class Scope(Protocol):
    """The names of one template."""

    def ref(self, name: str) -> Any:
        """Return the value of `!Ref` for a parameter, a pseudo parameter or a resource."""

    def attribute(self, resource: str, name: str) -> Any:
        """Return the value of `!GetAtt`."""

    def imported(self, export: str) -> Any:
        """Return the value that another template exports under this name."""

    def condition(self, name: str) -> bool:
        """Return whether the condition is true."""


def evaluate(node: Any, scope: Scope) -> Any:
    """Return a piece of a template with every intrinsic function replaced by its value."""
    if isinstance(node, list):
        return [value for value in (evaluate(each, scope) for each in node) if value is not NO_VALUE]
    if not isinstance(node, dict):
        return node
    if len(node) == 1 and (function := _FUNCTIONS.get(next(iter(node)))):
        return function(next(iter(node.values())), scope)
    values = {name: evaluate(each, scope) for name, each in node.items()}
    return {name: value for name, value in values.items() if value is not NO_VALUE}


def _ref(name: str, scope: Scope) -> Any:
    return NO_VALUE if name == "AWS::NoValue" else scope.ref(name)


def _sub(argument: str | list[Any], scope: Scope) -> str:
    text, values = (argument, {}) if isinstance(argument, str) else (argument[0], evaluate(argument[1], scope))

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in values:
            return str(values[name])
        return str(_get_att(name, scope) if "." in name else scope.ref(name))

    return _PLACEHOLDER.sub(value, text)


def _get_att(argument: str | list[str], scope: Scope) -> Any:
    resource, _, name = (argument if isinstance(argument, str) else ".".join(argument)).partition(".")
    return scope.attribute(resource, name)


def _if(argument: list[Any], scope: Scope) -> Any:
    condition, then, otherwise = argument
    return evaluate(then if scope.condition(condition) else otherwise, scope)


def _equals(argument: list[Any], scope: Scope) -> bool:
    left, right = (evaluate(each, scope) for each in argument)
    return bool(str(left) == str(right))


_FUNCTIONS: dict[str, Callable[[Any, Scope], Any]] = {
    "Ref": _ref,
    "Fn::Sub": _sub,
    "Fn::GetAtt": _get_att,
    "Fn::ImportValue": lambda argument, scope: scope.imported(evaluate(argument, scope)),
    "Fn::If": _if,
    "Fn::Equals": _equals,
    "Fn::Not": lambda argument, scope: not evaluate(argument[0], scope),
    "Fn::And": lambda argument, scope: all(evaluate(each, scope) for each in argument),
    "Fn::Or": lambda argument, scope: any(evaluate(each, scope) for each in argument),
    "Condition": lambda argument, scope: scope.condition(argument),
}
