"""Check the generator of the site: twins next to each other, links to file and line, and the check of the built site."""

import re
from pathlib import Path, PurePosixPath

import pytest
import yaml

from microservices.deploy.docs import PROJECT
from pages import documents, figures, links, paths, twins
from pages.features import render
from pages.sources import Sources
from tests.loadtests.made_explained import explained

POSTS = PurePosixPath("monolith/posts/routes.py")


@pytest.fixture(scope="module")
def page() -> str:
    return render("posts", Sources(), page="features/posts.md")


def test_a_page_quotes_every_function_of_both_sides(page: str) -> None:
    for side in ("monolith", "microservices"):
        for name in ("routes.py", "store.py"):
            path = PurePosixPath(side, "posts", name)
            missing = [each for each in twins.chunks(twins.read(path)) if f"{path}:{each.first}</a>" not in page]
            assert missing == []


def test_functions_with_the_same_name_share_a_row() -> None:
    twin = twins.twin_of(POSTS)
    assert twin == PurePosixPath("microservices/posts/routes.py")
    rows = list(twins.pairs(twins.chunks(twins.read(POSTS)), twins.chunks(twins.read(twin))))
    names = [(left and left.key, right and right.key) for left, right in rows]
    assert all((name, name) in names for name in ("publish", "list_posts", "read_post", "revise_post", "withdraw"))


def test_marked_lines_are_coloured() -> None:
    chunk = twins.find_chunk(PurePosixPath("microservices/posts/routes.py"), "withdraw")
    html = twins.quote(
        PurePosixPath("microservices/posts/routes.py"), chunk, sources=Sources(), page="features/posts.md"
    )
    assert re.findall(r'class="(line[^"]*)"', html).count("line") > 5
    assert 'class="line eventual network"' in html


def test_a_page_shows_events_store_calls_hops_bill_and_size(page: str) -> None:
    assert "table_posts -->" in page
    assert "Store calls of `publish`: INSERT, INSERT, SELECT on the monolith; TransactWriteItems" in page
    assert "| microservices | posts-event-relay | stream | no |" in page
    assert "| monolith.posts.routes" not in page
    assert "`monolith.posts.routes` | `monolith.search.store` | a post and its index entry" in page
    assert re.search(r"\| microservices \| \d+\.\d\d \| \d+ % \|", page)
    assert f"| lines | {figures.size('posts')['monolith']['lines']} |" in page


def test_a_trace_shows_the_spans_before_and_after_the_answer_in_percent_of_the_whole() -> None:
    call = explained(("voter",))["journeys"]["voter"]["microservices"][0]
    spans = figures.spans(call)
    assert [(span["label"], span["later"]) for span in spans] == [
        ("votes-http: PUT /posts/{post_id}/vote", ""),
        ("votes-http: PUT /posts/{post_id}/vote", ""),
        ("votes-http: dynamodb PutItem", ""),
        ("votes-projection: stream", "later"),
    ]
    assert (spans[2]["line"], spans[-1]["from"] + spans[-1]["width"]) == ("microservices/votes/store.py:23", 100)


@pytest.mark.parametrize("name", ["vote", "order"])
def test_every_step_of_a_path_exists(name: str) -> None:
    path = yaml.safe_load(paths.PATHS.read_text())[name]
    page = paths.render(path, Sources(), page=f"paths/{name}.md")
    assert page.count("<figure") == len(path["monolith"]) + len(path["microservices"])
    assert page.index("The client has its answer. What follows") < page.index("The events in between")


def test_the_navigation_lists_every_feature() -> None:
    listed = re.findall(r"features/(\w+)\.md", (PROJECT / "mkdocs.yml").read_text())
    assert [name for name in listed if name != "index"] == figures.features()


def test_every_page_of_the_navigation_is_written() -> None:
    written = {*documents.pages().values(), "features/index.md"}
    written |= {f"features/{name}.md" for name in figures.features()}
    written |= {f"paths/{name}.md" for name in yaml.safe_load(paths.PATHS.read_text())}
    listed = re.findall(r"([\w/-]+\.md)$", (PROJECT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert [page for page in listed if page not in written] == []
    assert len(listed) > 40


def test_a_link_leads_to_a_page_of_the_file_or_to_the_published_repository(tmp_path: Path) -> None:
    sources = Sources()
    assert sources.link(POSTS, page="features/posts.md", line=3) == "../source/monolith/posts/routes.py.html#L3"
    sources.write(tmp_path)
    assert 'id="L3"' in (tmp_path / "source/monolith/posts/routes.py.html").read_text()
    published = Sources("https://example.com/files/main")
    assert published.link(POSTS, page="a.md", line=3) == f"https://example.com/files/main/{POSTS}#L3"
    with pytest.raises(FileNotFoundError, match=r"a\.md links to monolith/none\.py"):
        sources.link("monolith/none.py", page="a.md")


def test_a_document_links_to_pages_of_the_site_and_to_files() -> None:
    text = "[a](decisions/README.md#x) [b](../monolith/app.py#L7) [c](https://example.com) ![d](report.png)"
    changed = documents.rewrite(
        text, path="docs/decide.md", page="decide.md", known=documents.pages(), sources=Sources()
    )
    assert changed == (
        "[a](decisions/index.md#x) [b](source/monolith/app.py.html#L7) [c](https://example.com) ![d](report.png)"
    )


def test_the_check_of_links_finds_every_kind_of_fault(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<h1 id="top"></h1><a href="#top"></a><a href="#none"></a><a href="b.html#L1"></a><a href="b.html#L2"></a>'
        '<a href="c.html"></a><a href="https://example.com"></a><script src="https://example.com/x.js"></script>'
    )
    (tmp_path / "b.html").write_text('<pre id="L1"></pre>')
    assert links.broken(tmp_path) == [
        "a.html loads https://example.com/x.js", "a.html: #none", "a.html: b.html#L2", "a.html: c.html",
    ]  # fmt: skip
