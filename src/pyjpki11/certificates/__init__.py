"""What certificates say, and whether to believe them; for the card tool only, never in a host."""
