"""A host that forgets the PIN it used: quiet_client MODULE SLOT PIN, the PIN in hex with each byte XORed with 5A.

It says `in` after C_Login, `out` after C_Logout, and goes on at each line of its input. Nothing of its own ever
holds the PIN in one piece but one buffer, which it overwrites.
"""

from __future__ import annotations

import ctypes
import sys

MASK = 0x5A
SERIAL_SESSION = 4
USER = 1


def main() -> None:
    """Log in and out."""
    module, slot, masked = ctypes.CDLL(sys.argv[1]), int(sys.argv[2]), bytes.fromhex(sys.argv[3])
    number = ctypes.c_ulong
    session = number()
    must(module.C_Initialize(None))
    must(module.C_OpenSession(number(slot), number(SERIAL_SESSION), None, None, ctypes.byref(session)))
    pin = ctypes.create_string_buffer(len(masked))
    for i, each in enumerate(masked):
        pin[i] = bytes((each ^ MASK,))
    rv = module.C_Login(session, number(USER), pin, number(len(masked)))
    ctypes.memset(pin, 0, len(masked))
    must(rv)
    say("in")
    must(module.C_Logout(session))
    say("out")
    must(module.C_Finalize(None))


def must(rv: int) -> None:
    """End unless it is CKR_OK."""
    if rv:
        sys.exit(f"failed with {rv:08X}")


def say(word: str) -> None:
    """Tell the parent, and wait for it."""
    print(word, flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
