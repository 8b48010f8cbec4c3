"""``jupyter secure ssh-command``."""

from __future__ import annotations

import argparse
import getpass
import json
import re
import shlex
import socket
import sys
from urllib.parse import quote

from jupyter_secure.app.setup import running_servers
from jupyter_secure.app.setup.running_servers import Listens
from jupyter_secure.cli.exit_code import DONE, USAGE

DESCRIPTION = """\
Print the command that makes this server reachable from another machine through SSH, and the
address to open there. It is for the server that runs; if none does, for the one that would start
with the present settings. Nothing is started, and the server need not listen on the network."""

EXAMPLE = """\
examples:
  jupyter secure ssh-command
  jupyter secure ssh-command --user alice --host lab.example.org
  jupyter secure ssh-command --local-port 9000"""

_SSH_PORT = 22
# What the other machine's end of the tunnel is called there: a name that the certificate of `init`
# holds, and that browsers treat as the machine itself.
_LOCAL_NAME = "localhost"
_NAME = re.compile(r"[\w.][\w.@+-]*")
_HOST = re.compile(r"[A-Za-z0-9_\[][A-Za-z0-9_.:%\[\]-]*")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``ssh-command``."""
    parser.add_argument("--user", metavar="U", help="your name on this machine (default: who runs)")
    parser.add_argument(
        "--host", metavar="H", help="this machine's name for SSH (default: its own)"
    )
    parser.add_argument(
        "--port", type=_port, default=_SSH_PORT, metavar="P", help="port of SSH here (default: 22)"
    )
    parser.add_argument(
        "--local-port",
        type=_port,
        metavar="N",
        help="port on the other machine (default: the same as here; 8888 for a socket)",
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def run(args: argparse.Namespace) -> int:
    """Print a command for each server."""
    user = args.user or getpass.getuser()
    host = args.host or socket.gethostname()
    # They end up in a shell's line: what ssh would take for an option of its own is no name.
    for what, given, pattern in (("user", user, _NAME), ("host", host, _HOST)):
        if not pattern.fullmatch(given):
            print(f"jupyter secure ssh-command: {given!r} is no name of a {what}.", file=sys.stderr)
            return USAGE
    servers = running_servers.running() or [running_servers.configured()]
    tunnels = [_tunnel(server, user, host, args.port, args.local_port) for server in servers]
    if args.json:
        print(json.dumps(tunnels, indent=2))
        return DONE
    if not servers[0].running:
        print("No server is running; with the present settings it would be:\n")
    for number, tunnel in enumerate(tunnels):
        print("\n" * (number > 0) + "On the other machine run")
        print(f"\n  {tunnel['command']}\n")
        print(f"leave it running, and open\n\n  {tunnel['url']}")
    return DONE


def _tunnel(
    server: Listens, user: str, host: str, ssh_port: int, local_port: int | None
) -> dict[str, str | bool]:
    local = local_port or (8888 if server.unix_socket else server.port)
    target = server.unix_socket or f"{_bracketed(server.host)}:{server.port}"
    command = ["ssh", "-N"]
    # Otherwise ssh would go on when the port is taken, and the address lead to whoever has it.
    command += ["-o", "ExitOnForwardFailure=yes"]
    if ssh_port != _SSH_PORT:
        command += ["-p", str(ssh_port)]
    # Named, so that the tunnel's other end is open to that machine only, whatever its settings.
    command += ["-L", f"{_LOCAL_NAME}:{local}:{target}", f"{user}@{host.strip('[]')}"]
    scheme = "https" if server.https else "http"
    return {
        "command": shlex.join(command),
        "url": f"{scheme}://{_LOCAL_NAME}:{local}{quote(server.base_url)}",
        "running": server.running,
    }


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < port < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return port
