"""Servers on loopback that speak the wire formats of model providers."""
