"""What runs in a kernel: the file system ``secure://``. It needs nothing else of jupyter-secure."""
