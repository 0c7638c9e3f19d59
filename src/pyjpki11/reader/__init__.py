"""Transports: how bytes reach a card."""
