"""Posts over HTTP, in one process and one transaction. Twin: microservices/posts/routes.py."""

from flask import Blueprint, request

from monolith.clock import new_id, now
from monolith.database import UnitOfWork
from monolith.edge import Answer, Caller, answer, body, query
from monolith.posts.store import PostsAndIndex, Views
from shared_domain import posts
from shared_domain.contract.live import post_published
from shared_domain.contract.parsing import sent_fields
from shared_domain.contract.posts import NewPost, PostChanges, parse_posts_query, post_json
from shared_domain.contract.times import to_rfc3339
from shared_domain.contract.trending import is_view
from shared_domain.trending import View


def routes(unit_of_work: UnitOfWork[PostsAndIndex], caller: Caller, views: Views) -> Blueprint:
    blueprint = Blueprint("posts", __name__)

    @blueprint.post("/posts")
    def publish() -> Answer:
        """Publish a post under the caller's name."""
        author = caller(request)
        form = body(request, NewPost)
        moment = now()
        post = posts.compose(**sent_fields(form), id=new_id(moment), author=author, now=moment)
        with unit_of_work() as work:  # transaction: post and index together, found at once
            work.posts.add(post)
            work.index.put(post)
            work.live.publish(
                post_published(id=post.id, author=author, title=post.title, created_at=to_rfc3339(moment))
            )
        return answer(post_json(post), 201, location=f"/posts/{post.id}", etag=posts.etag(post))

    @blueprint.get("/posts")
    def list_posts() -> Answer:
        """Show a page of posts, newest first."""
        asked = parse_posts_query(query(request))
        with unit_of_work() as work:
            found = work.posts.page(asked.wanted, before=asked.before, limit=asked.limit + 1)
        return answer(asked.page(found))

    @blueprint.get("/posts/<post_id>")
    def read_post(post_id: str) -> Answer:
        """Show one post."""
        known = posts.require_valid_id(post_id)
        with unit_of_work() as work:
            post = work.posts.get(known)
        if is_view(request.headers.get("sec-purpose")):
            views.record(View(post_id=known, at=now()))  # eventual: kept with others in a moment
        return answer(post_json(post), etag=posts.etag(post))

    @blueprint.patch("/posts/<post_id>")
    def revise_post(post_id: str) -> Answer:
        """Let the author change a post."""
        editor = caller(request)
        form = body(request, PostChanges)
        known, if_match = posts.require_valid_id(post_id), request.headers.get("if-match")
        with unit_of_work() as work:
            seen = work.posts.get_for_update(known)  # transaction: locked until the block ends
            post = posts.revise(seen, **sent_fields(form), editor=editor, if_match=if_match, now=now())
            work.posts.save(post, seen=seen)
            work.index.put(post)
        return answer(post_json(post), etag=posts.etag(post))

    @blueprint.delete("/posts/<post_id>")
    def withdraw(post_id: str) -> Answer:
        """Let the author take a post back."""
        editor = caller(request)
        known = posts.require_valid_id(post_id)
        with unit_of_work() as work:  # transaction: its votes and its place in the index go with it
            seen = work.posts.get_for_update(known)
            work.posts.remove(posts.withdraw(seen, editor=editor))
        return answer(None, 204)

    return blueprint
