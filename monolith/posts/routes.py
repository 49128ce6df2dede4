"""Posts over HTTP, in one process and one transaction. Twin: microservices/posts/routes.py."""

from flask import Blueprint
from sqlalchemy import Connection

from monolith.clock import new_id, now
from monolith.database import UnitOfWork
from monolith.edge import Response, body, current_user, header, query, respond
from monolith.live.store import SqlLiveFeed
from monolith.posts.store import SqlPosts
from monolith.search.store import SqlIndex
from monolith.trending.views import Views
from shared_domain import posts
from shared_domain.contract.live import announce_post
from shared_domain.contract.parsing import sent_fields
from shared_domain.contract.posts import NewPost, PostChanges, parse_posts_query, post_json
from shared_domain.contract.times import to_rfc3339
from shared_domain.contract.trending import is_view
from shared_domain.trending import View


class Stores:
    """The stores of one transaction of this module."""

    def __init__(self, connection: Connection) -> None:
        self.posts = SqlPosts(connection)
        self.index = SqlIndex(connection)
        self.live = SqlLiveFeed(connection)


def routes(unit_of_work: UnitOfWork[Stores], views: Views) -> Blueprint:
    blueprint = Blueprint("posts", __name__)

    @blueprint.post("/posts")
    def publish() -> Response:
        """Publish a post as the current user."""
        author = current_user()
        form = body(NewPost)
        moment = now()
        post = posts.compose(**sent_fields(form), id=new_id(moment), author=author, now=moment)
        with unit_of_work() as work:  # transaction: post and index, so search finds it at once
            work.posts.add(post)
            work.index.put(post)
            work.live.publish(announce_post(id=post.id, author=author, title=post.title, created_at=to_rfc3339(moment)))
        return respond(post_json(post), 201, location=f"/posts/{post.id}", etag=posts.etag(post))

    @blueprint.get("/posts")
    def list_posts() -> Response:
        """Return a page of posts, newest first."""
        posts_query = parse_posts_query(query())
        with unit_of_work() as work:
            items = work.posts.page(posts_query.post_filter, before=posts_query.before, limit=posts_query.limit + 1)
        return respond(posts_query.page_json(items))

    @blueprint.get("/posts/<post_id>")
    def read_post(post_id: str) -> Response:
        """Return a post."""
        post_id = posts.require_valid_id(post_id)
        with unit_of_work() as work:
            post = work.posts.get(post_id)
        if is_view(header("sec-purpose")):
            views.record(View(post_id=post_id, at=now()))  # eventual: written in batches
        return respond(post_json(post), etag=posts.etag(post))

    @blueprint.patch("/posts/<post_id>")
    def revise_post(post_id: str) -> Response:
        """Change a post for its author."""
        editor = current_user()
        form = body(PostChanges)
        post_id, if_match = posts.require_valid_id(post_id), header("if-match")
        with unit_of_work() as work:
            seen = work.posts.get_for_update(post_id)  # transaction: locked until the block ends
            post = posts.revise(seen, **sent_fields(form), editor=editor, if_match=if_match, now=now())
            work.posts.save(post)
            work.index.put(post)
        return respond(post_json(post), etag=posts.etag(post))

    @blueprint.delete("/posts/<post_id>")
    def withdraw(post_id: str) -> Response:
        """Delete a post for its author."""
        editor = current_user()
        post_id = posts.require_valid_id(post_id)
        with unit_of_work() as work:  # transaction: foreign keys delete votes and index entry too
            seen = work.posts.get_for_update(post_id)
            work.posts.remove(posts.withdraw(seen, editor=editor))
        return respond(None, 204)

    return blueprint
