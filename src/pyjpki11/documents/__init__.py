"""Signed documents: CMS as CAdES-BES has it, and bare signatures; for the card tool only, never in a host."""
