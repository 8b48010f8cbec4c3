"""The part of ``SecureConfig`` that is about the record."""

from __future__ import annotations

from typing import Any

from traitlets import Bool, Float, Int, List, TraitError, Unicode, validate
from traitlets.config import LoggingConfigurable

from jupyter_secure.app.audit.send import check_place
from jupyter_secure.errors import InvalidInput


class RecordConfig(LoggingConfigurable):
    """What is recorded, for how long, and where its checkpoints go."""

    audit_reads_required = Bool(
        True,
        config=True,
        help="""Refuse to open and download files too while the record cannot be written (a full
        disk, say). Changes are always refused then.""",
    )

    audit_execution = Bool(
        False,
        config=True,
        help="""Record each cell that is run: who, when, in which kernel and notebook, and nothing
        of its code. A cell that cannot be recorded is not run.""",
    )

    audit_checkpoints_to = List(
        Unicode(),
        config=True,
        help="""Where signed checkpoints of the record are sent, so that it cannot be cut short or
        replaced unnoticed: a file's whole path (on another machine's disk), "syslog://HOST[:PORT]",
        "syslog+tcp://HOST[:PORT]" or "https://…" (POST). Default: nowhere.""",
    )

    audit_checkpoint_minutes = Float(
        10, config=True, help="How often a checkpoint of the record is made and sent."
    )

    audit_keep_days = Int(
        0,
        config=True,
        min=0,
        help="""Remove events from the record when they are older than this many days. 0 keeps all.
        What stays can be verified still; that older events were removed is on record.""",
    )

    @validate("audit_checkpoints_to")
    def _validate_audit_checkpoints_to(self, proposal: dict[str, Any]) -> list[str]:
        try:
            for place in proposal["value"]:
                check_place(place)
        except InvalidInput as error:
            raise TraitError(str(error)) from None
        return list(proposal["value"])
