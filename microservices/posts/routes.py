"""Posts over HTTP, in a function of their own. Twin: monolith/posts/routes.py."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.clock import new_id, now
from microservices.edge import Answer, answer, body, caller, query
from microservices.posts.peers import Ballots
from microservices.posts.store import DynamoPosts
from microservices.posts.views import Views
from microservices.races import runs_again
from shared_domain import posts
from shared_domain.contract.parsing import given
from shared_domain.contract.posts import NewPost, PostChanges, post_json, posts_asked
from shared_domain.contract.trending import is_view
from shared_domain.trending import View


def routes(store: DynamoPosts, ballots: Ballots, views: Views) -> APIGatewayHttpRouter:
    room = APIGatewayHttpRouter()

    @room.post("/posts")
    def publish() -> Answer:
        """Publish a post under the caller's name."""
        author = caller(room.current_event)
        form = body(room.current_event, NewPost)
        moment = now()
        post = posts.compose(**given(form), id=new_id(moment), author=author, now=moment)
        store.add(post)  # network: one transaction, the post and its place in each list
        #                  eventual: the other rooms hear of it from the table's stream
        return answer(post_json(post), 201, location=f"/posts/{post.id}", etag=posts.etag(post))

    @room.get("/posts")
    def list_posts() -> Answer:
        """Show a page of posts, newest first."""
        asked = posts_asked(query(room.current_event))
        found = store.page(asked.chosen, before=asked.before, limit=asked.limit + 1)  # network: two calls
        return answer(asked.page(found))

    @room.get("/posts/<post_id>")
    def read_post(post_id: str) -> Answer:
        """Show one post."""
        known = posts.known_form(post_id)
        post = store.get(known)  # network
        if is_view(room.current_event.headers.get("sec-purpose")):
            views.note(View(post_id=known, at=now()))  # eventual: sent to a stream in a moment, with others
        return answer(post_json(post), etag=posts.etag(post))

    @room.patch("/posts/<post_id>")
    @runs_again
    def revise_post(post_id: str) -> Answer:
        """Let the author change a post."""
        editor = caller(room.current_event)
        form = body(room.current_event, PostChanges)
        known, if_match = posts.known_form(post_id), room.current_event.headers.get("if-match")
        seen = store.get(known)  # network
        post = posts.revise(seen, **given(form), editor=editor, if_match=if_match, now=now())
        store.save(post, seen=seen)  # network: conditional on what was seen, for nothing locks it
        #                              eventual: the index follows from the table's stream
        return answer(post_json(post), etag=posts.etag(post))

    @room.delete("/posts/<post_id>")
    @runs_again
    def withdraw(post_id: str) -> Answer:
        """Let the author take a post back."""
        editor = caller(room.current_event)
        known = posts.known_form(post_id)
        seen = store.get(known)  # network
        store.remove(posts.withdraw(seen, editor=editor))  # network; eventual: search and leaderboard
        ballots.close(seen.id)  # network: votes must know at once, ahead of the event
        return answer(None, 204)

    return room
