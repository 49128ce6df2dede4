"""The domain that both systems share: values, rules, errors and promises. See README.md for the purity rule."""
