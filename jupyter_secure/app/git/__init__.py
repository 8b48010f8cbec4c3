"""Sealed notebooks in Git repositories: what Git calls to read and merge them."""
