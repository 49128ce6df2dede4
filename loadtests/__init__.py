"""Load for both systems, and the comparison made from it. How it is measured: docs/method.md."""
