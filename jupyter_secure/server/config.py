"""``SecureConfig``: every setting an administrator can change, with its help."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from traitlets import Bool, Dict, Enum, Float, Int, List, TraitError, Unicode, default, validate

from jupyter_secure.errors import PolicyViolation
from jupyter_secure.history.thinning import Retention
from jupyter_secure.server.record_config import RecordConfig
from jupyter_secure.store.places import state_dir
from jupyter_secure.transport.proxies import parse_proxies


class SecureConfig(RecordConfig):
    """The settings of jupyter-secure, as ``c.SecureConfig.…`` in ``jupyter_server_config.py``."""

    state_dir = Unicode(
        config=True,
        help="""Directory that holds the keys, accounts, sessions, locks and certificate. Must
        belong to the server's account and be closed to everyone else (mode 0700). Default:
        the environment variable JUPYTER_SECURE_DIR, or `secure` in Jupyter's data directory.""",
    )

    key_file = Unicode(
        "",
        config=True,
        help="""A key file that opens the vault when the server starts, for servers on which jobs
        run before anyone has logged in. Made by `jupyter secure vault slots add --key-file PATH`.
        The vault then stays open as long as the server runs: whoever can start the server, or read
        this file and the state directory, can open every sealed file. Default: none; the first
        login opens the vault, and the end of the last session closes it.""",
    )

    require_https = Bool(
        True,
        config=True,
        help="""Refuse to start unless the server has a certificate, listens on a UNIX socket, or
        listens on a loopback address behind a proxy named in `trusted_proxies`.""",
    )

    min_tls = Enum(
        ["1.2", "1.3"],
        default_value="1.2",
        config=True,
        help="The oldest TLS version that a browser may use.",
    )

    redirect_port = Int(
        0,
        config=True,
        min=0,
        max=65535,
        help="""A second port, on the same address, that answers plain HTTP with a redirect to the
        HTTPS one and does nothing else. 0 for none.""",
    )

    trusted_proxies = List(
        Unicode(),
        config=True,
        help="""Addresses or networks (such as "10.0.0.0/8") of the proxies in front of this
        server. X-Forwarded-For and X-Forwarded-Proto are believed from these only. Use this
        instead of ServerApp.trust_xheaders, which believes anyone.""",
    )

    idle_minutes = Float(
        60,
        config=True,
        help="A session ends after this many minutes in which nobody used it.",
    )

    max_hours = Float(
        12,
        config=True,
        help="A session ends this many hours after the login, used or not.",
    )

    elevation_minutes = Float(
        10,
        config=True,
        help="""How long a confirmed second factor counts for what needs it, such as opening a
        private notebook.""",
    )

    trusted_device_days = Int(
        0,
        config=True,
        min=0,
        max=365,
        help="""For how many days the second step of a login may be skipped on a device whose user
        asked for that there. It ends when the account's password or a second factor is changed, or
        the device is removed. Default: 0, every login asks for a second factor. Elevation asks for
        one in any case.""",
    )

    hub_login = Enum(
        ["own", "hub"],
        default_value="own",
        config=True,
        help="""Behind JupyterHub: who asks before a session begins. "own": after the Hub's login
        our own, password and second factor. "hub": the Hub's login is enough, where `key_file` has
        opened the vault; what needs elevation still asks for a second factor of ours.""",
    )

    hub_accounts = Dict(
        value_trait=Unicode(),
        key_trait=Unicode(),
        config=True,
        help="""Behind JupyterHub: the account here of a user of the Hub's, where the two have other
        names: {"hub-name": "account"}. Everyone else has the account of the same name, letter for
        letter, if that is in nobody's pair.""",
    )

    hub_check_seconds = Float(
        60,
        config=True,
        help="""Behind JupyterHub: how often the Hub is asked whether who was let in may stay. A
        session of someone who may not ends then.""",
    )

    encrypt = List(
        Unicode(),
        default_value=["*.ipynb"],
        config=True,
        help="""Patterns of the files to encrypt, as in a shell: "*.csv" matches in every folder,
        "patients/*" only there. A file that is sealed already stays sealed whatever this says.""",
    )

    follow_outside_links = Bool(
        False,
        config=True,
        help="""Follow symbolic links that lead out of the folder the server serves. Off, such a
        link is refused: what lies outside has no lock and may belong to others.""",
    )

    upload_idle_minutes = Int(
        60,
        config=True,
        min=1,
        help="An upload in parts that is not continued for this long is thrown away.",
    )

    kernel_data = Bool(
        True,
        config=True,
        help="""Let kernels read and write sealed files in the folder of their notebook, as
        `secure://…` through this server.""",
    )

    kernels_keep_vault_open = Bool(
        False,
        config=True,
        help="""Leave the vault open after the last session has ended, for as long as a kernel runs
        that was given sealed data: a training job goes on when its owner goes home. The keys stay
        in memory that long.""",
    )

    token_in_websocket_address = Bool(
        False,
        config=True,
        help="""Take an access token from the address (`?token=`) when a kernel's websocket is
        opened, and nowhere else. VS Code sends it there. Proxies on the way may write addresses
        into their logs, so other programs had better send the header.""",
    )

    keep_history = Bool(
        True,
        config=True,
        help="""Keep a version of an encrypted file at each save, sealed as well, to be got back
        later. Off, versions that are there stay and can be opened.""",
    )

    history_keep_all_hours = Float(
        1,
        config=True,
        help="""For how many hours every version is kept; then one an hour. What was saved by hand,
        and what was put back, stays whatever these three say.""",
    )

    history_hourly_days = Float(
        1, config=True, help="For how many days one version an hour is kept; then one a day."
    )

    history_daily_days = Float(
        30, config=True, help="For how many days one version a day is kept; then none."
    )

    history_max_mb = Int(
        64,
        config=True,
        min=1,
        help="No versions are kept of notebooks larger than this, in units of 1,048,576 bytes.",
    )

    history_data_max_mb = Int(
        8,
        config=True,
        min=0,
        help="The same for other files that are sealed, however they are saved. 0: none of them.",
    )

    conversion_dir = Unicode(
        config=True,
        help="""Folder for the temporary files of conversions (`nbconvert`), which hold plaintext.
        Default: /dev/shm, which is in memory. Name another one only if it is in memory as well, or
        on an encrypted disk.""",
    )

    @default("state_dir")
    def _default_state_dir(self) -> str:
        return str(state_dir())

    @validate("state_dir")
    def _validate_state_dir(self, proposal: dict[str, Any]) -> str:
        return str(Path(proposal["value"]).expanduser().absolute())

    @validate("key_file")
    def _validate_key_file(self, proposal: dict[str, Any]) -> str:
        given: str = proposal["value"]
        return str(Path(given).expanduser().absolute()) if given else ""

    @validate("trusted_proxies")
    def _validate_trusted_proxies(self, proposal: dict[str, Any]) -> list[str]:
        try:
            parse_proxies(proposal["value"])
        except PolicyViolation as error:
            raise TraitError(str(error)) from None
        return list(proposal["value"])

    @validate(
        "audit_checkpoint_minutes",
        "elevation_minutes",
        "hub_check_seconds",
        "idle_minutes",
        "max_hours",
    )
    def _validate_positive(self, proposal: dict[str, Any]) -> float:
        value = float(proposal["value"])
        # nan compares false with everything, so it is refused here too.
        if not 0 < value < float("inf"):
            raise TraitError(f"SecureConfig.{proposal['trait'].name} must be more than 0.")
        return value

    @property
    def retention(self) -> Retention:
        """How long versions are kept. Raises ``PolicyViolation`` for what contradicts itself."""
        try:
            return Retention(
                timedelta(hours=self.history_keep_all_hours),
                timedelta(days=self.history_hourly_days),
                timedelta(days=self.history_daily_days),
            )
        except (ValueError, OverflowError):
            raise PolicyViolation(
                "The settings for how long versions are kept contradict each other.",
                remedy="In SecureConfig, history_keep_all_hours must be no longer than "
                "history_hourly_days, and that no longer than history_daily_days.",
            ) from None

    @validate("encrypt")
    def _validate_encrypt(self, proposal: dict[str, Any]) -> list[str]:
        patterns = list(proposal["value"])
        if not patterns:
            # An empty list would switch encryption off by an accident of configuration.
            raise TraitError("SecureConfig.encrypt must name at least one pattern.")
        return patterns


if __name__ == "__main__":
    print(SecureConfig.class_get_help())  # noqa: T201  # for `jupyter secure settings`
