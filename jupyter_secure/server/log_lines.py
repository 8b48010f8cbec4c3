"""Log lines that stay what they are, whatever strangers put into an address.

Jupyter and tornado log paths as they were meant, no longer escaped: a link on another site's page
could write escape sequences to the administrator's terminal, or a line of its own.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from tornado.log import access_log, app_log, gen_log

# The control characters of ASCII and of ISO 8859-1, and what some viewers take for a line's end.
_CONTROLS = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
}
# How messages of Jupyter's begin that go on with all that was sent: code, or a whole notebook.
_QUOTING = (
    "No channel specified, assuming shell",
    "Received message on closed websocket",
    "Bad JSON",
)
# The token of a one-time link, which lets somebody in; Jupyter hides only names that it knows.
_LINK = re.compile(r"((?:[?&]|%3F|%26)link(?:=|%3D))[^&\s\"'#)]+", re.IGNORECASE)
_IN_A_MESSAGE = {code: shown for code, shown in _CONTROLS.items() if chr(code) not in "\t\n"}


class _Shown(logging.Filter):
    """Shows control characters as escapes; drops nothing."""

    def __init__(self, escapes: dict[int, str]) -> None:
        super().__init__()
        self._escapes = escapes

    def filter(self, record: logging.LogRecord) -> bool:
        """Escape the message, and all of the texts that are put into it."""
        for beginning in _QUOTING:
            if str(record.msg).startswith(beginning):
                record.msg, record.args = beginning, ()
        if isinstance(record.args, tuple):
            record.args = tuple(_shown(value) for value in record.args)
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001  # a message that does not fit its texts
            return True  # whoever writes it complains, and the caller goes on
        shown = text.translate(self._escapes)
        if "link" in shown:
            shown = _LINK.sub(r"\1[secret]", shown)
        if shown != text:
            record.msg, record.args = shown, ()
        return True


def _shown(value: Any) -> Any:
    return value.translate(_CONTROLS) if isinstance(value, str) else value


def keep_lines_whole(log: logging.Logger) -> None:
    """Let neither ``log``, the server's own, nor tornado's write what was not meant as text."""
    log.addFilter(_Shown(_IN_A_MESSAGE))  # Jupyter's own messages have several lines
    for one in (access_log, app_log, gen_log):
        if not any(isinstance(known, _Shown) for known in one.filters):
            one.addFilter(_Shown(_CONTROLS))
