"""How the rooms get where they run: zips from imports, stacks from templates, a local AWS to carry them. None of it is shipped."""
