"""Keys and sealed files: the keyring and its slots, the file envelope, the open or sealed vault.

The formats are specified in ``docs/reference/file-format.md``. Nothing here reads or writes files.
"""
