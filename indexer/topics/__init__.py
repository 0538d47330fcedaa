"""Topics, a wing over the store: how they are set, grown on the corpus, and matched to texts."""
