"""Words, a wing over the store: how they are added, kept in memory, paged through and searched."""
