# mypy: allow-untyped-defs, allow-untyped-calls
"""What test programs in Python load the module with; it has to run on every Python from 2.7 on.

The program's first argument is the library, the second how ctypes loads it.
"""

import ctypes
import signal
import sys

OK, GENERAL_ERROR, NOT_INITIALIZED, ALREADY_INITIALIZED = "0x0", "0x5", "0x190", "0x191"
SIGNATURE_LEN = 256
library = sys.argv[1]
loader = getattr(ctypes, sys.argv[2] if len(sys.argv) > 2 else "CDLL")


class Client(object):  # noqa: UP004  (Python 2)
    """The module through ctypes."""

    def __init__(self, path):
        self.functions = loader(path)
        self.session = None

    def call(self, name, *arguments):
        """The answer of a function as hex text."""
        function = getattr(self.functions, name)
        function.restype = ctypes.c_ulong
        return hex(function(*map(as_argument, arguments))).rstrip("L")

    def must(self, name, *arguments):
        """Call a function that has to succeed."""
        answer = self.call(name, *arguments)
        assert answer == OK, (name, answer)

    def start(self):
        """C_Initialize, and log in to the authentication token."""
        self.must("C_Initialize", None)
        self.session = self.open()
        self.must("C_Login", self.session, 1, b"1234", 4)

    def open(self):
        """A new session with the authentication token."""
        session = ctypes.c_ulong()
        self.must("C_OpenSession", 0, 4, None, None, ctypes.byref(session))
        return session.value

    def key(self, session):
        """The private key."""
        wanted = (ctypes.c_ulong * 3)(0, ctypes.addressof(PRIVATE_KEY), 8)
        key, found = ctypes.c_ulong(), ctypes.c_ulong()
        self.must("C_FindObjectsInit", session, ctypes.byref(wanted), 1)
        self.must("C_FindObjects", session, ctypes.byref(key), 1, ctypes.byref(found))
        self.must("C_FindObjectsFinal", session)
        assert found.value == 1
        return key.value

    def sign(self, session=None):
        """A signature over `data`, with SHA-256."""
        session = session or self.session
        signature, length = ctypes.create_string_buffer(SIGNATURE_LEN), ctypes.c_ulong(SIGNATURE_LEN)
        mechanism = (ctypes.c_ulong * 3)(0x40, 0, 0)
        self.must("C_SignInit", session, ctypes.byref(mechanism), self.key(session))
        self.must("C_Sign", session, b"data", 4, signature, ctypes.byref(length))
        return signature.raw


def as_argument(value):
    """A number as CK_ULONG: ctypes would make an int of it."""
    return ctypes.c_ulong(value) if isinstance(value, int) else value


PRIVATE_KEY = ctypes.c_ulong(3)
signal.alarm(55)  # whatever hangs
