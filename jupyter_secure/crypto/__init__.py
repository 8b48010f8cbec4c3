"""Bytes in, bytes out. The only package that imports ``cryptography``."""
