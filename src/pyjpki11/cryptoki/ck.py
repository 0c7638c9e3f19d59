"""Constants that belong to no family. Spec: PKCS#11 v3.1 3."""

# For the numbers of CK_TOKEN_INFO. The first is ~0 as a CK_ULONG, whose 64 bits are those of Linux and macOS:
# a Windows build has 32.
UNAVAILABLE_INFORMATION = 0xFFFFFFFFFFFFFFFF
EFFECTIVELY_INFINITE = 0
