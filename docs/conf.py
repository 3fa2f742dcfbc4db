"""Builds the documentation: sphinx-build -W docs var/docs."""

project = "Rapport"
author = "The Rapport contributors"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "Rapport"
html_static_path: list[str] = []
exclude_patterns: list[str] = []
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nitpicky = True
