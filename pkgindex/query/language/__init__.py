"""The question language: text to tree and back. Pure."""
