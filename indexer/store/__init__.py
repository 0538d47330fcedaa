"""What is kept: the one place that knows Chroma, who owns the folder, and what mends a store."""
