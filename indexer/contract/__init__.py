"""What the service answers, and the protocols that an engine and an HTTP client both keep."""
