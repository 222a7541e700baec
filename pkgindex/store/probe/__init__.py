"""Trying out a directory: what its storage really does, and what that means for an index or a spool."""
