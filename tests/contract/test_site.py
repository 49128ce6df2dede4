"""The static site: files of the repository and nothing else."""

import re
from urllib.parse import urljoin

import pytest

from .client import Api

pytestmark = [pytest.mark.live_api, pytest.mark.real_server]

KINDS = {"index.html": "text/html", "site.css": "text/css", "leaderboard.css": "text/css"}
LINK = re.compile(r'href="([^"]+)"')


@pytest.mark.parametrize("name", KINDS)
def test_a_file_has_its_content_type(api: Api, name: str) -> None:
    answer = api.send("GET", f"/site/{name}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == f"{KINDS[name]}; charset=utf-8"
    assert answer.content


@pytest.mark.parametrize(
    "name",
    [
        *(
            "nowhere.html",
            "index",
            "Index.html",
            "index.html/",
            "index.html/x",
            "",
            ".",
            "..",
            ".git",
            ".draft",
            "%2e%2e",
        ),
        *("..%2findex.html", "%2e%2e%2fpublished.json", "published.json", "leaderboard.json", "-", "~root", "x" * 101),
    ],
)
def test_an_unknown_file_is_a_404(api: Api, name: str) -> None:
    assert api.send("GET", f"/site/{name}").status_code == 404


@pytest.mark.parametrize(
    "name", ["index.html%00", "index.html%0a", "index.html%20", "%C3%BC.html", "a%20b", "%25", "..%5cindex.html"]
)
def test_an_invalid_file_name_is_a_404(inside: Api, name: str) -> None:
    """Test only in process: the gateway of the local AWS cannot pass such a name on to S3."""
    assert inside.send("GET", f"/site/{name}").status_code == 404


def test_all_links_of_the_start_page_work(api: Api) -> None:
    page = api.send("GET", "/site/index.html").text
    links = LINK.findall(page)
    assert "../leaderboard.html" in links
    for link in links:
        assert api.send("GET", urljoin("/site/index.html", link)).status_code == 200, link


@pytest.mark.parametrize("page", ["/site/index.html", "/leaderboard.html"])
def test_a_page_uses_the_sites_styles_and_no_script(api: Api, page: str) -> None:
    text = api.send("GET", page).text
    styles = [link for link in LINK.findall(text) if link.endswith(".css")]
    assert styles
    for style in styles:
        assert api.send("GET", urljoin(page, style)).headers["Content-Type"].startswith("text/css")
    assert "<script" not in text.lower()
    assert "http:" not in text  # no resource of another host


def test_the_leaderboard_page_has_inline_styles_as_a_fallback(api: Api) -> None:
    text = api.send("GET", "/leaderboard.html").text
    assert "<style>" in text
    assert text.index("<style>") > text.index("leaderboard.css")
