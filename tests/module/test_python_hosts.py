"""Hosts that are written in Python, of the version that the module was built for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from module.conftest import PythonHost, Starter
from module.pythons import SAME, Python, name_of
from module.remote import AUTHENTICATION, RTLD_GLOBAL, RTLD_LOCAL, RTLD_NOW, Module

WORKS = """
client = Client(library)
before = list(sys.path), sys.flags, list(sys.warnoptions)
for _ in range(3):
    client.start()
    signature = client.sign()
    client.must("C_Finalize", None)
assert before == (list(sys.path), sys.flags, list(sys.warnoptions))
assert client.call("C_GetInfo", None) == NOT_INITIALIZED
sys.stderr.write(signature.hex() if hasattr(signature, "hex") else "")
"""


@pytest.mark.parametrize("loader", ["CDLL", "PyDLL"])
@pytest.mark.parametrize("options", [["-I", "-S"], ["-I"], []], ids=str)
@pytest.mark.parametrize("python", SAME, ids=name_of)
def test_same_python(python_host: PythonHost, signature: str, python: Python, options: list[str], loader: str) -> None:
    """It does not have our packages on its path, so the library lends them, and the path stays as it was."""
    answer = python_host(WORKS, python=[python.program, *options], options=[loader])
    assert (answer.stdout, answer.stderr) == ("", signature)


def test_packages_are_lent_for_our_own_use_only(python_host: PythonHost) -> None:
    """What the host finds by itself wins, and it gets nothing that we do not need."""
    python_host(
        """
client = Client(library)
client.start()
for name in ("pkcs11", "PyKCS11", "pytest", "click"):
    try:
        __import__(name)
    except ImportError:
        continue
    raise AssertionError(name)
""",
        python=[SAME[0].program, "-I", "-S"],
    )


FIRST_CALLS = """
import threading
client = Client(library)
barrier = threading.Barrier(10)
answers = []

def first_call():
    barrier.wait()
    answers.append(client.call("C_Initialize", None))

def together(body):
    threads = [threading.Thread(target=body) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
        assert not thread.is_alive()

together(first_call)
assert sorted(answers) == [OK] + [ALREADY_INITIALIZED] * 9, answers
client.session = client.open()
client.must("C_Login", client.session, 1, b"1234", 4)
signatures = []
together(lambda: signatures.extend(client.sign(client.open()) for _ in range(5)))
assert len(signatures) == 50 and len(set(signatures)) == 1
"""


@pytest.mark.parametrize("loader", ["CDLL", "PyDLL"])
def test_first_call_from_ten_threads(python_host: PythonHost, loader: str) -> None:
    """With PyDLL every thread holds the GIL when it calls."""
    python_host(FIRST_CALLS, options=[loader])


SUB_INTERPRETER = """
try:
    import _xxsubinterpreters as interpreters
    run = interpreters.run_string
except ImportError:
    import _interpreters as interpreters
    def run(other, text):
        failure = interpreters.exec(other, text)
        assert failure is None, failure
other = interpreters.create()
run(other, "text = 'a sub-interpreter has run'")
client = Client(library)
client.start()
assert len(client.sign()) == SIGNATURE_LEN
"""


@pytest.mark.parametrize("loader", ["CDLL", "PyDLL"])
def test_host_with_sub_interpreters(python_host: PythonHost, loader: str) -> None:
    python_host(SUB_INTERPRETER, options=[loader])


INSIDE_SUB_INTERPRETER = """
try:
    import _xxsubinterpreters as interpreters
    run = interpreters.run_string
    other = interpreters.create(isolated=False)
except (ImportError, TypeError):
    import _interpreters as interpreters
    def run(other, text):
        failure = interpreters.exec(other, text)
        assert failure is None, failure
    other = interpreters.create("legacy")

PREPARED = '''
import ctypes, threading
def in_thread(call):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    thread.start()
    thread.join(30)
    return answers[0]
'''
_, _, kind, outcome, where, order = sys.argv
EXPECTED = {"refused": (0x5,), "entered": (0x0, 0x191)}[outcome]

def ask(function, *arguments):
    call = "ctypes.%s(%r).%s(%s)" % (kind, library, function, ", ".join(arguments))
    if where == "thread":
        call = "in_thread(lambda: %s)" % call
    run(other, PREPARED + "answer = %s\\nassert answer in %r, answer" % (call, EXPECTED))

if order == "first":
    ask("C_Initialize", "None")
client = Client(library)
if client.call("C_Initialize", None) == OK:
    ask("C_Initialize", "None")
for _ in range(3):
    ask("C_GetInfo", "ctypes.create_string_buffer(256)")
    ask("C_GetSlotList", "1", "None", "ctypes.byref(ctypes.c_ulong())")
client.session = client.open()
client.must("C_Login", client.session, 1, b"1234", 4)
assert len(client.sign()) == SIGNATURE_LEN
"""
REFUSED = "this thread runs a Python sub-interpreter, which the module cannot serve"


@pytest.mark.parametrize("order", ["first", "later"])
@pytest.mark.parametrize(("loader", "where"), [("PyDLL", "main"), ("PyDLL", "thread"), ("CDLL", "thread")])
def test_call_from_a_sub_interpreter(python_host: PythonHost, loader: str, where: str, order: str) -> None:
    """Python would wait for ever for the lock that the thread itself has. Calls from the main interpreter work."""
    answer = python_host(INSIDE_SUB_INTERPRETER, options=[loader, "refused", where, order])
    assert REFUSED in answer.stderr


@pytest.mark.parametrize("order", ["first", "later"])
def test_call_from_a_sub_interpreter_without_its_lock(python_host: PythonHost, order: str) -> None:
    """Python enters the main interpreter from there; from 3.12 on, that which the thread was in: so it is refused."""
    enters_the_main_one = sys.version_info < (3, 12)
    outcome = "entered" if enters_the_main_one else "refused"
    answer = python_host(INSIDE_SUB_INTERPRETER, options=["CDLL", outcome, "main", order])
    assert (REFUSED in answer.stderr) != enters_the_main_one
    assert answer.stderr == "" or not enters_the_main_one


ENDINGS = {
    "without goodbye": "",
    "inside a signature": "client.must('C_SignInit', client.session, mechanism(), client.key(client.session))",
    "finalize at exit": "import atexit; atexit.register(client.functions.C_Finalize, None)",
    "use at exit": "import atexit; atexit.register(client.sign)",
    "hard": "import os; os._exit(0)",
    "exception": "sys.exit(0)",
    "daemon threads": "import threading\nfor _ in range(3): threading.Thread(target=keep_signing, daemon=True).start()",
}
ENDING = """
def mechanism():
    return ctypes.byref((ctypes.c_ulong * 3)(0x40, 0, 0))

def keep_signing():
    session = client.open()
    while True:
        client.sign(session)

client = Client(library)
client.start()
client.sign()
"""


@pytest.mark.parametrize("ending", ENDINGS)
def test_end_of_a_python_host(python_host: PythonHost, ending: str) -> None:
    answer = python_host(ENDING + ENDINGS[ending])
    assert (answer.stdout, answer.stderr) == ("", "")


# -- PKCS#11 packages for Python ------------------------------------------------------------------------------

PYKCS11 = """
import threading
from PyKCS11 import CKA_CLASS, CKF_RW_SESSION, CKF_SERIAL_SESSION, CKM_SHA256_RSA_PKCS, CKO_PRIVATE_KEY
from PyKCS11 import Mechanism, PyKCS11Lib

def sign(session):
    key = session.findObjects([(CKA_CLASS, CKO_PRIVATE_KEY)])[0]
    return bytes(session.sign(key, b"data", Mechanism(CKM_SHA256_RSA_PKCS)))

module = PyKCS11Lib()
module.load(library)
login = module.openSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION)
login.login("1234")
signatures = []
threads = [
    threading.Thread(target=lambda: signatures.append(sign(module.openSession(0, CKF_SERIAL_SESSION))))
    for _ in range(10)
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(50)
    assert not thread.is_alive()
assert signatures == [sign(login)] * 10
sys.stderr.write(signatures[0].hex())
"""
PYTHON_PKCS11 = """
import threading
import pkcs11

module = pkcs11.lib(library)
token = module.get_token(token_label="JPKI (User Authentication PIN)")
with token.open(user_pin="1234") as session:
    key = session.get_key(pkcs11.ObjectClass.PRIVATE_KEY)
    signatures = [bytes(key.sign(b"data", mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS)) for _ in range(3)]
assert len(set(signatures)) == 1
sys.stderr.write(signatures[0].hex())
"""


@pytest.mark.parametrize("program", [PYKCS11, PYTHON_PKCS11], ids=["PyKCS11", "python-pkcs11"])
def test_client_package(python_host: PythonHost, signature: str, program: str) -> None:
    answer = python_host(program)
    assert (answer.stdout, answer.stderr) == ("", signature)


# -- C programs that have embedded Python for themselves ------------------------------------------------------


@pytest.fixture
def libpython(start: Starter) -> str:
    """The library that the module loads where there is no Python yet."""
    module = start()
    module.initialize()
    (library,) = module.remote.mapped("libpython")
    return library


SCOPES = {"local": RTLD_LOCAL, "global": RTLD_GLOBAL}


@pytest.mark.parametrize("scope", SCOPES)
def test_host_has_loaded_libpython(
    start: Starter, module_path: Path, libpython: str, signature: str, scope: str
) -> None:
    process = start.process()
    process.open(libpython, RTLD_NOW | SCOPES[scope])
    module = Module(process, module_path)
    module.initialize()
    assert module.sign(module.login(AUTHENTICATION), b"data").hex() == signature


@pytest.mark.parametrize("has_gil", [False, True])
@pytest.mark.parametrize("scope", SCOPES)
def test_host_has_started_python(
    start: Starter, module_path: Path, libpython: str, signature: str, scope: str, has_gil: bool
) -> None:
    """Afterwards the host's Python still does its own work."""
    process = start.process()
    handle = process.open(libpython, RTLD_NOW | SCOPES[scope])

    def python(name: str, *arguments: int | bytes) -> int:
        return process.call(process.symbol(handle, name), *arguments)

    python("Py_InitializeEx", 0)
    state = 0 if has_gil else python("PyEval_SaveThread")
    module = Module(process, module_path)
    module.initialize()
    assert module.sign(module.login(AUTHENTICATION), b"data").hex() == signature
    if state:
        python("PyEval_RestoreThread", state)
    program = b"import sys, json; assert json.loads('[1]') == [1] and 'pyjpki11' in sys.modules\0"
    assert python("PyRun_SimpleString", program) & 0xFFFFFFFF == 0
