"""Models behind the OpenAI API, or behind any server with the same API."""
