"""The domain that both systems share: values, rules, errors and store Protocols. README.md states the purity rule."""
