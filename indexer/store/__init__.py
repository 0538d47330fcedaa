"""The store on disk: the only code that knows Chroma, with its lock, its doctor and its repair."""
