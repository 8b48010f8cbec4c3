"""``jupyter secure …``: works on the same files as the server, without one."""
