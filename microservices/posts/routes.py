"""Posts over HTTP, in a function of their own. Twin: monolith/posts/routes.py."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.clock import new_id, now
from microservices.conflicts import retry_on_conflict
from microservices.edge import Response, body, current_user, header, query, respond
from microservices.posts.peers import VotesService
from microservices.posts.store import DynamoPosts
from microservices.posts.views import Views
from shared_domain import posts
from shared_domain.contract.parsing import sent_fields
from shared_domain.contract.posts import NewPost, PostChanges, parse_posts_query, post_json
from shared_domain.contract.trending import is_view
from shared_domain.trending import View


def routes(store: DynamoPosts, votes_service: VotesService, views: Views) -> APIGatewayHttpRouter:
    router = APIGatewayHttpRouter()

    @router.post("/posts")
    def publish() -> Response:
        """Publish a post as the current user."""
        author = current_user()
        form = body(NewPost)
        moment = now()
        post = posts.compose(**sent_fields(form), id=new_id(moment), author=author, now=moment)
        store.add(post)  # network: one transaction for the post and its listings
        #                  eventual: the other services receive it through the table's stream
        return respond(post_json(post), 201, location=f"/posts/{post.id}", etag=posts.etag(post))

    @router.get("/posts")
    def list_posts() -> Response:
        """Return a page of posts, newest first."""
        posts_query = parse_posts_query(query())
        # network: two calls
        items = store.page(posts_query.post_filter, before=posts_query.before, limit=posts_query.limit + 1)
        return respond(posts_query.page_json(items))

    @router.get("/posts/<post_id>")
    def read_post(post_id: str) -> Response:
        """Return a post."""
        post_id = posts.require_valid_id(post_id)
        post = store.get(post_id)  # network
        if is_view(header("sec-purpose")):
            views.record(View(post_id=post_id, at=now()))  # eventual: sent to a stream at the end of the request
        return respond(post_json(post), etag=posts.etag(post))

    @router.patch("/posts/<post_id>")
    @retry_on_conflict
    def revise_post(post_id: str) -> Response:
        """Change a post for its author."""
        editor = current_user()
        form = body(PostChanges)
        post_id, if_match = posts.require_valid_id(post_id), header("if-match")
        seen = store.get(post_id)  # network
        post = posts.revise(seen, **sent_fields(form), editor=editor, if_match=if_match, now=now())
        store.save(post, seen=seen)  # network: conditional on the post that was read, because DynamoDB has no row locks
        #                              eventual: the table's stream updates the search index
        return respond(post_json(post), etag=posts.etag(post))

    @router.delete("/posts/<post_id>")
    @retry_on_conflict
    def withdraw(post_id: str) -> Response:
        """Delete a post for its author."""
        editor = current_user()
        post_id = posts.require_valid_id(post_id)
        seen = store.get(post_id)  # network
        # network; eventual: the table's stream updates search and leaderboard
        store.remove(posts.withdraw(seen, editor=editor))
        votes_service.close_voting(seen.id)  # network: votes refuses new votes before the event arrives
        return respond(None, 204)

    return router
