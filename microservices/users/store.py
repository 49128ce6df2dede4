"""Users in DynamoDB. Twin: monolith/users/store.py.

    item       pk                 sk        attributes                     access
    user       user#<username>    profile   every field of User            sign in, show, revise: GetItem
    email      email#<email_key>  email     username                       none: its key alone says that it is taken

Sign-up puts both in one transaction, each only where its key is free.
"""

from typing import Any

from microservices.dynamo import Item, Values, number, refused, text
from shared_domain.contract.times import from_rfc3339, to_rfc3339
from shared_domain.errors import AlreadyTaken, Conflict, NotFound
from shared_domain.users import User, email_key

_FREE = "attribute_not_exists(pk)"
_AS_SEEN = "display_name = :seen_display_name AND bio = :seen_bio"


class DynamoUsers:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def add(self, user: User) -> None:
        holder = {**_email_key(user), "username": text(user.username)}
        with refused(AlreadyTaken("the username is already taken"), AlreadyTaken("the email is already taken")):
            self._dynamodb.transact_write_items(TransactItems=[self._put(_item(user)), self._put(holder)])

    def find(self, username: str) -> User | None:
        found = self._dynamodb.get_item(TableName=self._table, Key=_key(username), ConsistentRead=True)
        return _user(found["Item"]) if "Item" in found else None

    def get(self, username: str) -> User:
        user = self.find(username)
        if user is None:
            raise NotFound("there is no such user")
        return user

    def save(self, user: User, *, seen: User) -> None:
        with refused(Conflict("the profile changed meanwhile")):
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_key(user.username),
                UpdateExpression="SET display_name = :display_name, bio = :bio",
                ConditionExpression=_AS_SEEN,
                ExpressionAttributeValues={
                    ":display_name": text(user.display_name),
                    ":bio": text(user.bio),
                    ":seen_display_name": text(seen.display_name),
                    ":seen_bio": text(seen.bio),
                },
            )

    def _put(self, item: Values) -> dict[str, Any]:
        return {"Put": {"TableName": self._table, "Item": item, "ConditionExpression": _FREE}}


def _key(username: str) -> Values:
    return {"pk": text(f"user#{username}"), "sk": text("profile")}


def _email_key(user: User) -> Values:
    return {"pk": text(f"email#{email_key(user.email)}"), "sk": text("email")}


def _item(user: User) -> Values:
    return {
        **_key(user.username),
        "id": text(user.id),
        "username": text(user.username),
        "email": text(user.email),
        "display_name": text(user.display_name),
        "bio": text(user.bio),
        "credits": number(user.credits),
        "password_hash": text(user.password_hash),
        "created_at": text(to_rfc3339(user.created_at)),
    }


def _user(item: Item) -> User:
    return User(
        id=item["id"]["S"],
        username=item["username"]["S"],
        email=item["email"]["S"],
        display_name=item["display_name"]["S"],
        bio=item["bio"]["S"],
        credits=int(item["credits"]["N"]),
        password_hash=item["password_hash"]["S"],
        created_at=from_rfc3339(item["created_at"]["S"]),
    )
