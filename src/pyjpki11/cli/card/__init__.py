"""The card that the user means: found, asked for its PIN, used."""
