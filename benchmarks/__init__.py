"""Measurements: each module prints ratios against a named baseline; --json keeps the rows."""
