"""Real shared disks on one machine, and what is tried on them: `python3 tools/dev.py lab`."""
