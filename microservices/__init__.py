"""The domain as independent services: Lambda functions on DynamoDB and S3. Twin: monolith."""
