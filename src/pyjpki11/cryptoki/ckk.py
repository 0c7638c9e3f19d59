"""Key types. Spec: PKCS#11 v3.1 4.7."""

# Key pairs
RSA = 0x00000000
