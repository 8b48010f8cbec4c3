"""What looks at or changes every file below a folder."""
