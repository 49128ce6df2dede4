"""Generate the pages of the site from code, templates and the reference run. `make docs` builds the site from them."""
