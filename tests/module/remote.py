"""A C program by remote control: the process under test has no Python but the module's own."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from module.numbers import RESULTS, ROW_OF, UNAVAILABLE, number
from support.process import environment

Value = int | bytes | None
ANSWER_S = 30.0
ENDING_S = 10.0
RTLD_LAZY, RTLD_NOW, RTLD_DEEPBIND, RTLD_GLOBAL, RTLD_LOCAL = 1, 2, 8, 0x100, 0
AUTHENTICATION, SIGNATURE = 0, 1  # slots
PINS = {AUTHENTICATION: b"1234", SIGNATURE: b"ABC123"}
SESSION_FLAGS = number("CKF_SERIAL_SESSION") | number("CKF_RW_SESSION")
ULONG_LEN = 8


class Refused(AssertionError):
    """A function that had to succeed did not; `answer` is its CKR_ name."""

    def __init__(self, function: str, answer: str) -> None:
        super().__init__(f"{function}: {answer}")
        self.answer = answer


class Remote:
    """The process: its memory, its libraries, calls of their functions."""

    def __init__(self, process: subprocess.Popen[bytes], requests: int, answers: int) -> None:
        self.process = process
        self._requests = os.fdopen(requests, "wb", buffering=0)
        self._answers = os.fdopen(answers, "rb", buffering=0)
        self._unread = b""

    # -- memory ---------------------------------------------------------------------------------------------

    def allocate(self, content: bytes | int) -> int:
        """Address of new memory with that content, or of so many zeros. Reading on behind it is a fault."""
        size = content if isinstance(content, int) else len(content)
        address = int(self._ask(f"allocate {size:x}"), 16)
        if isinstance(content, bytes):
            self.write(address, content)
        return address

    def ulong(self, value: int = 0) -> int:
        """Address of a new CK_ULONG."""
        return self.allocate(struct.pack("<Q", value))

    def write(self, address: int, content: bytes) -> None:
        """Change the memory at an address."""
        self._ask(f"write {address:x} {content.hex()}")

    def read(self, address: int, size: int) -> bytes:
        """The memory at an address."""
        return bytes.fromhex(self._ask(f"read {address:x} {size:x}"))

    def read_ulongs(self, address: int, count: int) -> tuple[int, ...]:
        """So many CK_ULONGs."""
        return struct.unpack(f"<{count}Q", self.read(address, count * ULONG_LEN))

    def read_ulong(self, address: int) -> int:
        """A CK_ULONG."""
        return self.read_ulongs(address, 1)[0]

    def read_text(self, address: int, limit: int = 64) -> str:
        """The text at an address, up to its final zero."""
        text = b""
        while len(text) < limit and not text.endswith(b"\0"):
            text += self.read(address + len(text), 1)
        return text.rstrip(b"\0").decode()

    # -- libraries ------------------------------------------------------------------------------------------

    def open(self, path: Path | str, flags: int = RTLD_NOW) -> int:
        """Handle of a library; an empty path is the program with everything global.

        :raises OSError: with the loader's words.
        """
        return int(self._ask(f"open {flags:x} {path}"), 16)

    def symbol(self, handle: int, name: str) -> int:
        """Address of a library's symbol.

        :raises OSError: it has none of that name.
        """
        return int(self._ask(f"symbol {handle:x} {name}"), 16)

    def call(self, function: int, *arguments: Value) -> int:
        """What the function at an address returns; bytes are passed as a pointer to a copy."""
        numbers = [self.allocate(one) if isinstance(one, bytes) else one or 0 for one in arguments]
        return int(self._ask(f"call {function:x} " + " ".join(f"{one & UNAVAILABLE:x}" for one in numbers)), 16)

    def libc_address(self, name: str) -> int:
        """Address of a function of the C library."""
        return self.symbol(self.open(""), name)

    def libc(self, name: str, *arguments: Value) -> int:
        """What a function of the C library returns."""
        return self.call(self.libc_address(name), *arguments)

    # -- the process ----------------------------------------------------------------------------------------

    def mapped(self, part: str) -> set[str]:
        """The files mapped into the process whose names have that part."""
        lines = Path(f"/proc/{self.process.pid}/maps").read_text().splitlines()
        files = {line.split(maxsplit=5)[5] for line in lines if line.count("/")}
        return {file for file in files if part in os.path.basename(file)}

    def status(self, field: str) -> str:
        """A field of /proc/PID/status."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith(f"{field}:"))

    def close(self) -> int:
        """Let it end by itself; its exit status."""
        self._requests.close()
        try:
            return self.process.wait(ENDING_S)
        finally:
            self._answers.close()

    def _ask(self, request: str) -> str:
        self._requests.write(f"{request}\n".encode())
        answer = self._answer(request)
        if answer.startswith("!"):
            raise OSError(answer[1:])
        return answer

    def _answer(self, request: str) -> str:
        while b"\n" not in self._unread:
            if not select.select([self._answers], [], [], ANSWER_S)[0]:
                self.process.kill()
                raise AssertionError(f"no answer within {ANSWER_S} s to: {request}")
            if not (read := self._answers.read(1 << 16)):
                raise AssertionError(f"the process died of {self._cause()} during: {request}")
            self._unread += read
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode(errors="backslashreplace")

    def _cause(self) -> str:
        status = self.process.wait(ENDING_S)
        return signal.Signals(-status).name if status < 0 else f"exit status {status}"


class Module:
    """A libpyjpki11.so loaded into a remote process."""

    def __init__(self, remote: Remote, path: Path | str, flags: int = RTLD_NOW) -> None:
        self.remote = remote
        self.handle = remote.open(path, flags)
        self._addresses: dict[str, int] = {}

    def address(self, function: str) -> int:
        """Where an exported function is."""
        if function not in self._addresses:
            self._addresses[function] = self.remote.symbol(self.handle, function)
        return self._addresses[function]

    def call(self, function: str, *arguments: Value) -> str:
        """The CKR_ name that a function answers."""
        assert len(arguments) == len(ROW_OF[function].parameters), function
        answer = self.remote.call(self.address(function), *arguments)
        return str(RESULTS.get(answer, hex(answer)))

    def must(self, function: str, *arguments: Value) -> None:
        """Call a function that has to succeed.

        :raises Refused: it does not.
        """
        answer = self.call(function, *arguments)
        if answer != "CKR_OK":
            raise Refused(function, answer)

    # -- what clients do with it ----------------------------------------------------------------------------

    def initialize(self) -> None:
        """C_Initialize without wishes."""
        self.must("C_Initialize", None)

    def open_session(self, slot: int) -> int:
        """Handle of a new session."""
        handle = self.remote.ulong()
        self.must("C_OpenSession", slot, SESSION_FLAGS, None, None, handle)
        return self.remote.read_ulong(handle)

    def login(self, slot: int) -> int:
        """Handle of a new session, logged in."""
        session = self.open_session(slot)
        self.must("C_Login", session, number("CKU_USER"), PINS[slot], len(PINS[slot]))
        return session

    def template(self, *rows: tuple[int, Value, int]) -> int:
        """Address of a template: type, value or its address, length."""
        packed = b""
        for kind, value, size in rows:
            address = self.remote.allocate(value) if isinstance(value, bytes) else value or 0
            packed += struct.pack("<QQQ", kind, address, size & UNAVAILABLE)
        return self.remote.allocate(packed)

    def find(self, session: int, object_class: str) -> list[int]:
        """Handles of the visible objects of a class."""
        row = (number("CKA_CLASS"), struct.pack("<Q", number(object_class)), ULONG_LEN)
        self.must("C_FindObjectsInit", session, self.template(row), 1)
        handles, count = self.remote.allocate(10 * ULONG_LEN), self.remote.ulong()
        self.must("C_FindObjects", session, handles, 10, count)
        self.must("C_FindObjectsFinal", session)
        return list(self.remote.read_ulongs(handles, self.remote.read_ulong(count)))

    def attribute(self, session: int, handle: int, name: str) -> bytes:
        """The value of an attribute."""
        query = self.template((number(name), None, 0))
        self.must("C_GetAttributeValue", session, handle, query, 1)
        size = self.remote.read_ulongs(query, 3)[2]
        value = self.remote.allocate(size)
        self.must("C_GetAttributeValue", session, handle, self.template((number(name), value, size)), 1)
        return self.remote.read(value, size)

    def certificate(self, session: int) -> bytes:
        """The certificate of a token's key, DER."""
        return self.attribute(session, self.find(session, "CKO_CERTIFICATE")[0], "CKA_VALUE")

    def mechanism(self, name: str) -> int:
        """Address of a mechanism without parameters."""
        return self.remote.allocate(struct.pack("<QQQ", number(name), 0, 0))

    def start_signing(self, session: int, mechanism: str = "CKM_SHA256_RSA_PKCS") -> None:
        """C_SignInit with the token's key."""
        key = self.find(session, "CKO_PRIVATE_KEY")[0]
        self.must("C_SignInit", session, self.mechanism(mechanism), key)

    def sign(self, session: int, data: bytes, mechanism: str = "CKM_SHA256_RSA_PKCS") -> bytes:
        """A signature with the token's key."""
        self.start_signing(session, mechanism)
        size = self.remote.ulong()
        self.must("C_Sign", session, data, len(data), None, size)
        signature = self.remote.allocate(self.remote.read_ulong(size))
        self.must("C_Sign", session, data, len(data), signature, size)
        return self.remote.read(signature, self.remote.read_ulong(size))


class Outcome:
    """How a remote process ended."""

    def __init__(self) -> None:
        self.stdout = ""
        self.stderr = ""


@contextlib.contextmanager
def remote(
    argv: Sequence[Path | str],
    env: Mapping[str, str | None],
    cwd: Path | str | None = None,
    closed: Sequence[int] = (),
) -> Iterator[tuple[Remote, Outcome]]:
    """Start the program; it has to end by itself, with status 0 and nothing written to its standard output."""
    requests, answers, outcome = os.pipe(), os.pipe(), Outcome()
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(  # noqa: S603 - what the tests name
            [*argv, str(requests[0]), str(answers[1]), *map(str, closed)],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            pass_fds=(requests[0], answers[1]),
            env=environment(env),
            cwd=cwd,
        )
        os.close(requests[0])
        os.close(answers[1])
        it = Remote(process, requests[1], answers[0])
        try:
            yield it, outcome
            status = it.close()
        finally:
            process.kill()
            process.wait()
            outcome.stdout, outcome.stderr = _content(stdout), _content(stderr)
            print(outcome.stderr)  # pytest shows it where a test fails
    assert (status, outcome.stdout) == (0, "")


def _content(file: object) -> str:
    assert hasattr(file, "seek") and hasattr(file, "read")
    file.seek(0)
    return bytes(file.read()).decode(errors="backslashreplace")
