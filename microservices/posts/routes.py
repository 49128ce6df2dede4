"""Posts over HTTP, in a function of their own. Twin: monolith/posts/routes.py."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.clock import new_id, now
from microservices.conflicts import retry_on_conflict
from microservices.edge import Answer, answer, body, caller, query
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
    def publish() -> Answer:
        """Publish a post under the caller's name."""
        author = caller(router.current_event)
        form = body(router.current_event, NewPost)
        moment = now()
        post = posts.compose(**sent_fields(form), id=new_id(moment), author=author, now=moment)
        store.add(post)  # network: one transaction, the post and its place in each list
        #                  eventual: the other services hear of it from the table's stream
        return answer(post_json(post), 201, location=f"/posts/{post.id}", etag=posts.etag(post))

    @router.get("/posts")
    def list_posts() -> Answer:
        """Show a page of posts, newest first."""
        asked = parse_posts_query(query(router.current_event))
        found = store.page(asked.wanted, before=asked.before, limit=asked.limit + 1)  # network: two calls
        return answer(asked.page(found))

    @router.get("/posts/<post_id>")
    def read_post(post_id: str) -> Answer:
        """Show one post."""
        known = posts.require_valid_id(post_id)
        post = store.get(known)  # network
        if is_view(router.current_event.headers.get("sec-purpose")):
            views.record(View(post_id=known, at=now()))  # eventual: sent to a stream in a moment, with others
        return answer(post_json(post), etag=posts.etag(post))

    @router.patch("/posts/<post_id>")
    @retry_on_conflict
    def revise_post(post_id: str) -> Answer:
        """Let the author change a post."""
        editor = caller(router.current_event)
        form = body(router.current_event, PostChanges)
        known, if_match = posts.require_valid_id(post_id), router.current_event.headers.get("if-match")
        seen = store.get(known)  # network
        post = posts.revise(seen, **sent_fields(form), editor=editor, if_match=if_match, now=now())
        store.save(post, seen=seen)  # network: conditional on what was seen, for nothing locks it
        #                              eventual: the index follows from the table's stream
        return answer(post_json(post), etag=posts.etag(post))

    @router.delete("/posts/<post_id>")
    @retry_on_conflict
    def withdraw(post_id: str) -> Answer:
        """Let the author take a post back."""
        editor = caller(router.current_event)
        known = posts.require_valid_id(post_id)
        seen = store.get(known)  # network
        store.remove(posts.withdraw(seen, editor=editor))  # network; eventual: search and leaderboard
        votes_service.close_voting(seen.id)  # network: votes must know at once, ahead of the event
        return answer(None, 204)

    return router
