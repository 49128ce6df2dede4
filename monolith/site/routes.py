"""The static site over HTTP. It has no twin: on the services, the gateway serves the site from S3 without a function."""

from flask import Blueprint

from monolith.edge import Response, respond_with_file
from monolith.site.folder import SiteFolder
from shared_domain.site import content_type_of


def routes(folder: SiteFolder) -> Blueprint:
    blueprint = Blueprint("site", __name__)

    @blueprint.get("/site/<name>")
    def site_file(name: str) -> Response:
        """Return a file of the site."""
        return respond_with_file(folder.read(name), content_type_of(name))

    return blueprint
