"""Measures jupyter-secure beside a stock JupyterLab server. Run by hand: ``make bench``."""
