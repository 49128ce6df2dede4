"""The domain as one Lambda service per room on DynamoDB. Twin: monolith."""
