"""Versions of notebooks: kept at each save, listed, opened, put back, thinned out."""
