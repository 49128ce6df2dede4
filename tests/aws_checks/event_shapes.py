"""Check the events of tests/events against the models of AWS Lambda Powertools: event_shapes.py FOLDER.

It runs in the environment of the checks, and prints a line for each event that its model refuses or that has no model.
"""

import sys
from pathlib import Path

from aws_lambda_powertools.utilities.parser import models
from pydantic import ValidationError

MODELS = {
    "alb": models.AlbModel,
    "authorizer_2.0": models.ApiGatewayAuthorizerRequestV2,
    "dynamodb": models.DynamoDBStreamModel,
    "http_api_1.0": models.APIGatewayProxyEventModel,
    "http_api_2.0": models.APIGatewayProxyEventV2Model,
    "http_api_2.0_base64": models.APIGatewayProxyEventV2Model,
    "kinesis": models.KinesisDataStreamModel,
    "rest_api": models.APIGatewayProxyEventModel,
    "s3_object_created": models.S3Model,
    "sns": models.SnsModel,
    "sqs": models.SqsModel,
    "sqs_of_sns": models.SqsModel,
    "websocket_connect": models.APIGatewayWebSocketConnectEventModel,
    "websocket_disconnect": models.APIGatewayWebSocketDisconnectEventModel,
    "websocket_message": models.APIGatewayWebSocketMessageEventModel,
}
WITHOUT_A_MODEL = {"alb_multi_value", "codecommit", "s3_test_event"}


def main(folder: Path) -> None:
    for file in sorted(folder.glob("*.json")):
        if file.stem in MODELS:
            _check(file)
        elif file.stem not in WITHOUT_A_MODEL:
            print(f"{file.name}: has no model in event_shapes.py")


def _check(file: Path) -> None:
    try:
        MODELS[file.stem].model_validate_json(file.read_text(encoding="utf-8"))
    except ValidationError as error:
        for each in error.errors():
            print(f"{file.name}: {'.'.join(map(str, each['loc']))}: {each['msg']}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
