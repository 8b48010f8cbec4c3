"""The only place that knows a database or an atomic file.

It implements the ports that the features define, and turns what a database or an operating system
says into errors that name the file and the remedy.
"""
