"""What is pushed to the site's repository is copied to S3, where it changed and nowhere else.

The event says which branch was pushed; what to publish is asked of the branch itself. So an event that comes twice, late or
after a newer one publishes what the newest one would. The monolith's counterpart is a Git hook: monolith/site/publication.py.
"""

from collections.abc import Mapping

from microservices.site.bucket import Published, SiteBucket
from microservices.site.repository import SiteRepository
from shared_domain.errors import Conflict
from shared_domain.site import BRANCH

_ROUNDS = 10


def is_push(record: Mapping[str, object], *, repository_arn: str) -> bool:
    """Tell whether a record of CodeCommit says that the site's branch was pushed."""
    match record:
        case {"eventSourceARN": str(arn), "codecommit": {"references": [*references]}}:
            return any([_is_branch(each) for each in references]) and arn == repository_arn  # noqa: C419  look at each
    raise ValueError("this is no event of a repository")


def publish(repository: SiteRepository, bucket: SiteBucket) -> int:
    """Copy what the branch holds until what was copied is what it holds; return how many files were written or removed.

    Two functions may publish, and the slower could write last what it read first; so each looks again after its writing, and
    believes no note but its own. Raise Conflict where that does not settle: the event comes again.
    """
    shown, head, changes = bucket.published(), repository.head(), 0  # network
    for _ in range(_ROUNDS):
        if head is None:
            return changes
        wanted = repository.files(head)  # network
        changes += _bring(repository, bucket, wanted, shown)
        shown, written, head = {**wanted}, head, repository.head()  # network
        if head == written:
            return changes
    raise Conflict("the site changes faster than it can be published")


def _bring(repository: SiteRepository, bucket: SiteBucket, wanted: Mapping[str, str], shown: Published) -> int:
    """Make S3 hold what is wanted, as far as it is not noted to be there. What was begun and cut off is begun again."""
    changed = sorted(name for name, blob in wanted.items() if shown.get(name) != blob)
    gone = sorted(shown.keys() - wanted.keys())
    if not changed and not gone:
        return 0
    bucket.note({**shown, **dict.fromkeys([*changed, *gone])})  # network
    for name in changed:
        content = repository.content(wanted[name])  # network
        if content is None:  # too large to be had
            bucket.remove(name)  # network
        else:
            bucket.write(name, content)  # network
    for name in gone:
        bucket.remove(name)  # network
    bucket.note(wanted)  # network
    return len(changed) + len(gone)


def _is_branch(reference: object) -> bool:
    match reference:
        case {"ref": str(name)}:
            return name == f"refs/heads/{BRANCH}"
    raise ValueError("this is no reference of a repository")
