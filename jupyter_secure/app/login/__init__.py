"""Logging in, sessions, and confirming a second factor."""
