"""Copy the site from its repository to S3 after a push, writing only the files that changed.

The event names the branch that was pushed; its content is read from the branch itself. So an event that is repeated, late or
out of order publishes the newest commit. The monolith's counterpart is a Git hook: monolith/site/publication.py.
"""

from collections.abc import Mapping

from microservices.site.bucket import Manifest, SiteBucket
from microservices.site.repository import SiteRepository
from shared_domain.errors import Conflict
from shared_domain.site import BRANCH

_MAX_ROUNDS = 10


def is_push(record: Mapping[str, object], *, repository_arn: str) -> bool:
    """Return whether a record of CodeCommit is a push to the site's branch. Raise ValueError for a malformed record."""
    match record:
        case {"eventSourceARN": str(arn), "codecommit": {"references": [*references]}}:
            # A list, not a generator: every reference must be checked, also those after the first match.
            return any([_is_branch(each) for each in references]) and arn == repository_arn  # noqa: C419
    raise ValueError("not a record of CodeCommit")


def publish_site(repository: SiteRepository, bucket: SiteBucket) -> int:
    """Copy the branch to S3 until S3 has its newest commit; return how many files were written or deleted.

    Two functions may publish at the same time, and the slower could write an older commit last. So each reads the branch again
    after writing, and compares it with what it wrote itself, not with the manifest. Raise Conflict after ten rounds, so that AWS
    delivers the event again.
    """
    published, head, changes = bucket.read_manifest(), repository.head(), 0  # network
    for _ in range(_MAX_ROUNDS):
        if head is None:
            return changes
        wanted = repository.files(head)  # network
        changes += _copy_changes(repository, bucket, wanted, published)
        published, written, head = {**wanted}, head, repository.head()  # network
        if head == written:
            return changes
    raise Conflict("the site changes faster than it can be published")


def _copy_changes(
    repository: SiteRepository, bucket: SiteBucket, wanted: Mapping[str, str], published: Manifest
) -> int:
    """Write and delete the files that differ from the manifest. Files of an interrupted copy differ, so they are written again."""
    changed = sorted(name for name, blob in wanted.items() if published.get(name) != blob)
    removed = sorted(published.keys() - wanted.keys())
    if not changed and not removed:
        return 0
    bucket.write_manifest({**published, **dict.fromkeys([*changed, *removed])})  # network
    for name in changed:
        content = repository.content(wanted[name])  # network
        if content is None:  # too large for CodeCommit to return
            bucket.remove(name)  # network
        else:
            bucket.write(name, content)  # network
    for name in removed:
        bucket.remove(name)  # network
    bucket.write_manifest(wanted)  # network
    return len(changed) + len(removed)


def _is_branch(reference: object) -> bool:
    match reference:
        case {"ref": str(name)}:
            return name == f"refs/heads/{BRANCH}"
    raise ValueError("not a reference of a repository")
