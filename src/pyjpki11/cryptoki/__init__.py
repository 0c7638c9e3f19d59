"""The vocabulary of the PKCS#11 standard as data, a module for each family of constants."""
