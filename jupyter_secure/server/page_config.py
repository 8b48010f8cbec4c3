"""What JupyterLab's own page is told about who loads it, before any script runs."""

from __future__ import annotations

from typing import Any

from tornado.web import Application, RequestHandler

from jupyter_secure.identity.roles import Right
from jupyter_secure.server.admission import admission_of

_HOOK = "page_config_hook"


def tell_pages_the_role(web_app: Application) -> None:
    """Put the role into the page, so that it offers nothing that the gate would refuse.

    Only a courtesy: what someone may do is decided by the gate, whatever a page says. A hook that
    another extension has set is asked first.
    """
    before = web_app.settings.get(_HOOK)

    def hook(handler: RequestHandler, page_config: dict[str, Any]) -> dict[str, Any]:
        if before is not None:
            page_config = before(handler, page_config)
        admission = admission_of(handler.request)
        if admission.role is not None:
            page_config["jupyterSecureRole"] = admission.role.value
            if Right.EXECUTE not in admission.rights:
                # Else every notebook that is opened asks for a kernel and complains.
                page_config["notebookStartsKernel"] = "false"
        return page_config

    web_app.settings[_HOOK] = hook
