"""What PKCS#11 means on this card: slots, sessions, objects, operations; neither cffi nor PC/SC."""
