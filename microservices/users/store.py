"""Users in DynamoDB. Twin: monolith/users/store.py.

    item       pk                 sk        attributes                     access
    user       user#<username>    profile   every field of User            sign in, show, revise: GetItem
    email      email#<email_key>  email     username                       none: the item's key reserves the email

Registration writes both items in one transaction, each on the condition that its key is unused.
"""

from typing import Any

from microservices.dynamo import Item, Values, map_failed_conditions, number, parse_timestamp, text, timestamp
from shared_domain.errors import AlreadyTaken, Conflict, NotFound
from shared_domain.users import User, email_key

_IF_UNUSED = "attribute_not_exists(pk)"
_IF_UNCHANGED = "display_name = :seen_display_name AND bio = :seen_bio"


class DynamoUsers:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def add(self, user: User) -> None:
        reservation = {**_email_key(user), "username": text(user.username)}
        errors = (AlreadyTaken("the username is already taken"), AlreadyTaken("the email is already taken"))
        with map_failed_conditions(*errors):
            self._dynamodb.transact_write_items(TransactItems=[self._put(_item(user)), self._put(reservation)])

    def find(self, username: str) -> User | None:
        found = self._dynamodb.get_item(TableName=self._table, Key=_key(username), ConsistentRead=True)
        return _user(found["Item"]) if "Item" in found else None

    def get(self, username: str) -> User:
        user = self.find(username)
        if user is None:
            raise NotFound("there is no such user")
        return user

    def save(self, user: User, *, seen: User) -> None:
        with map_failed_conditions(Conflict("the profile has changed since it was read")):
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_key(user.username),
                UpdateExpression="SET display_name = :display_name, bio = :bio",
                ConditionExpression=_IF_UNCHANGED,
                ExpressionAttributeValues={
                    ":display_name": text(user.display_name),
                    ":bio": text(user.bio),
                    ":seen_display_name": text(seen.display_name),
                    ":seen_bio": text(seen.bio),
                },
            )

    def _put(self, item: Values) -> dict[str, Any]:
        return {"Put": {"TableName": self._table, "Item": item, "ConditionExpression": _IF_UNUSED}}


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
        "created_at": timestamp(user.created_at),
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
        created_at=parse_timestamp(item["created_at"]),
    )
