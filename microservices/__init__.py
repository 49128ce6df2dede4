"""The domain as one Lambda service per service on DynamoDB. Twin: monolith."""
