"""What runs on the hosts of a lab: it publishes and looks, and writes down what it did outside the share."""
