"""How Sphinx builds these pages. https://www.sphinx-doc.org/en/master/usage/configuration.html"""

from importlib.metadata import version as installed_version

project = "jupyter-secure"
author = "jupyter-secure contributors"
copyright = "2026, jupyter-secure contributors"
version = release = installed_version("jupyter-secure")

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
# A link to a page or a heading that is not there fails the build.
nitpicky = True
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "jupyter-secure"
