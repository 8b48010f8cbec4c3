"""Locking, unlocking and opening what is locked."""
