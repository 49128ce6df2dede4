"""`python -m loadtests aws`: deploy both systems to AWS, compare them there, and remove them."""
