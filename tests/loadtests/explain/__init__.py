"""Hooks, spans and their breakdown; the report's chapter is tested in test_explain_report.py."""
