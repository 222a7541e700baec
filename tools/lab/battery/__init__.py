"""What is tried on a lab: readers and writers on every host, while hosts, servers and networks fail."""
