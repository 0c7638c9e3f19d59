"""The making of a new card: the only part that needs the cryptography package."""
