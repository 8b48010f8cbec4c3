"""A kernel manager for nbclient and papermill whose kernels run on a server, behind its token.

The same stands in docs/how-to/scripts-and-editors.md, for people to copy.
"""

import websocket
from jupyter_server.gateway.gateway_client import GatewayClient
from jupyter_server.gateway.managers import GatewayKernelClient, GatewayKernelManager


class RemoteKernelClient(GatewayKernelClient):
    """Jupyter's own, which opens the kernel's websocket without the token."""

    async def start_channels(self, **kwargs):  # type: ignore[no-untyped-def]  # as it is to be copied
        """Open it with the token."""
        header = [f"Authorization: Bearer {GatewayClient.instance().auth_token}"]
        connect = websocket.create_connection
        websocket.create_connection = lambda *a, **kw: connect(*a, header=header, **kw)
        try:
            await super().start_channels(**kwargs)
        finally:
            websocket.create_connection = connect


class RemoteKernelManager(GatewayKernelManager):
    """Starts kernels on the server that ``JUPYTER_GATEWAY_URL`` names."""

    client_class = f"{__name__}.RemoteKernelClient"
    client_factory = RemoteKernelClient
