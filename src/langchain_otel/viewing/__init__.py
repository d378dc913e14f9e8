"""Shows traces that were recorded before: in the terminal, or as a page for a browser."""
