"""The minimum imports of a function behind an HTTP API: json, one boto3 client, the Powertools HTTP resolver."""

import json  # noqa: F401 - importing it is the point

import boto3
from aws_lambda_powertools.event_handler.api_gateway import APIGatewayHttpResolver

dynamodb = boto3.client("dynamodb")
app = APIGatewayHttpResolver()
