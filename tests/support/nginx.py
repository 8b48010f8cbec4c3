"""A real nginx with a configuration of its own, below a folder of its own, as a plain program."""

from __future__ import annotations

import getpass
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from support.live_server import _listens

_SECONDS = 20

#: What the how-to page says, with the address of the server to fill in.
LOCATION = """
    location / {{
        proxy_pass {to};
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_read_timeout 1d;
        proxy_buffering off;
        proxy_request_buffering off;
        client_max_body_size 0;
    }}
"""

_CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    ssl_certificate {certfile};
    ssl_certificate_key {keyfile};
    map $http_upgrade $connection_upgrade {{
        default upgrade;
        "" "";
    }}
{servers}
}}
"""


@contextmanager
def running_nginx(
    folder: Path, program: Callable[[str], str], certfile: Path, servers: str, port: int
) -> Iterator[None]:
    """Run nginx with these ``server`` blocks for the block; it answers on ``port``."""
    folder.mkdir()
    settings = folder / "nginx.conf"
    settings.write_text(
        _CONFIGURATION.format(
            folder=folder,
            certfile=certfile,
            keyfile=certfile.with_name("key.pem"),
            servers=servers,
            # Its workers would give up root otherwise, and could not read what is in /tmp.
            user="user root;" if getpass.getuser() == "root" else "",
        )
    )
    said = folder / "said.log"
    with said.open("w") as log:
        process = subprocess.Popen(
            [program("nginx"), "-c", str(settings), "-e", str(folder / "error.log")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        until = time.monotonic() + _SECONDS
        while not _listens(port):
            assert process.poll() is None, said.read_text() + (folder / "error.log").read_text()
            assert time.monotonic() < until, said.read_text()
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)
