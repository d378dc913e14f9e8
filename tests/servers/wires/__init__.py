"""The wire formats of model providers: what a server answers, whole and in pieces."""
