"""Clusters, a wing over the store: how they are found, named, kept, and followed from one clustering to the next."""
