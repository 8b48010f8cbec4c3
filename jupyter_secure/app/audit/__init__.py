"""Keeping the record, reading it, checking it, and sending proof of it elsewhere."""
