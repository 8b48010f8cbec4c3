"""A real sshd on the loopback address, with keys of its own, and tunnels through it."""

from __future__ import annotations

import getpass
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.live_server import _listens, free_port

_SECONDS = 20


@dataclass
class Sshd:
    """A running sshd, and what a client needs to log in."""

    port: int
    client_settings: Path
    log: Path

    @contextmanager
    def tunnel(self, command: str, local_port: int) -> Iterator[None]:
        """Run a command line that opens a tunnel, as a person would, while the block lasts."""
        words = shlex.split(command)
        assert words[0] == "ssh"
        with (self.log.with_name("ssh.log")).open("w") as said:
            process = subprocess.Popen(
                ["ssh", "-F", str(self.client_settings), *words[1:]],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait(process, local_port, self.log.with_name("ssh.log"))
            yield
        finally:
            process.terminate()
            process.wait(10)


@contextmanager
def running_sshd(folder: Path, program: Callable[[str], str]) -> Iterator[Sshd]:
    """Run an sshd for the block that lets this account in with a key made for it."""
    sshd, keygen = program("sshd"), program("ssh-keygen")
    program("ssh")
    folder.mkdir(mode=0o700)
    for name in ("host_key", "user_key"):
        subprocess.run(
            [keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True
        )
    (folder / "authorized_keys").write_text((folder / "user_key.pub").read_text())
    port = free_port()
    (folder / "known_hosts").write_text(
        f"[localhost]:{port} {(folder / 'host_key.pub').read_text()}"
    )
    settings = folder / "sshd_config"
    settings.write_text(
        f"""Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile {folder}/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowTcpForwarding local
AllowStreamLocalForwarding local
"""
    )
    client = folder / "ssh_config"
    client.write_text(
        f"""Host *
  IdentityFile {folder}/user_key
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile {folder}/known_hosts
  StrictHostKeyChecking yes
  BatchMode yes
  AddressFamily inet
"""
    )
    log = folder / "sshd.log"
    # As root it parts its privileges in a folder that its package would make at boot.
    if getpass.getuser() == "root":
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    process = subprocess.Popen(
        [sshd, "-D", "-f", str(settings), "-E", str(log)], stdin=subprocess.DEVNULL
    )
    try:
        _wait(process, port, log)
        yield Sshd(port, client, log)
    finally:
        process.terminate()
        process.wait(10)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + _SECONDS
    while not _listens(port):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)
