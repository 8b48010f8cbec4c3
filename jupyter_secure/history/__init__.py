"""Versions of notebooks: cut into chunks, sealed, and described. ``store/`` keeps them in Git."""
