"""Every byte that is read or written, and the files it lies in."""
