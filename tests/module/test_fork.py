"""Processes that fork: parent and child both go on, and the child has nothing of its parent's."""

from __future__ import annotations

from pathlib import Path

import pytest
from module.conftest import NO_READERS, PythonHost, RunHost

MODES = ["both", "grandchild", "thread", "starting", "untouched", "exits", "vfork", "unprepared"]


@pytest.mark.parametrize("mode", MODES)
def test_fork(run_host: RunHost, signature: str, mode: str) -> None:
    answer = run_host("fork", mode)
    assert answer.stdout.split() == [signature]
    assert answer.stderr == ""


COPIED = "this process was copied without fork(), so the module cannot start in it"


def test_unannounced_copy_cannot_start(run_host: RunHost, signature: str) -> None:
    """It would use its parent's connection to the card."""
    answer = run_host("fork", "unprepared-start")
    assert answer.stdout.split() == [signature]
    assert COPIED in answer.stderr


PYTHON_FORK = """
import os
client = Client(library)
client.start()
mine = client.sign()

def in_child(body):
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.alarm(50)
            body()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert client.sign() == mine

def use():
    assert client.call("C_GetInfo", bytes(256)) == NOT_INITIALIZED
    assert client.call("C_Finalize", None) == NOT_INITIALIZED
    client.start()
    assert client.sign() == mine

for body in (use, use, lambda: in_child_twice(), lambda: None):
    in_child(body)
"""
NESTED = """
def in_child_twice():
    use()
    in_child(use)
"""


@pytest.mark.parametrize("gil", ["CDLL", "PyDLL"])
def test_fork_of_a_python_host(python_host: PythonHost, gil: str) -> None:
    python_host(NESTED + PYTHON_FORK, options=[gil])


IN_THREADS = """
import os, threading
client = Client(library)
client.start()
mine = client.sign()
done = threading.Event()
failures = []

def keep_signing():
    while not done.is_set():
        if client.sign(client.open()) != mine:
            failures.append("signature")

def fork():
    try:
        for _ in range(10):
            child = os.fork()
            if child == 0:
                signal.alarm(50)
                client.start()
                os._exit(0 if client.sign() == mine else 1)
            status = os.waitpid(child, 0)[1]
            if status:
                failures.append(status)
    finally:
        done.set()

threads = [threading.Thread(target=body) for body in (keep_signing, keep_signing, fork)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not failures, failures
"""


def test_fork_of_a_python_host_while_threads_sign(python_host: PythonHost) -> None:
    python_host(IN_THREADS)


MULTIPROCESSING = """
import multiprocessing

def use(queue):
    client = Client(library)
    client.start()
    queue.put(client.sign())

client = Client(library)
client.start()
context = multiprocessing.get_context("fork")
queue = context.Queue()
workers = [context.Process(target=use, args=(queue,)) for _ in range(3)]
for worker in workers:
    worker.start()
assert {queue.get(timeout=50) for _ in workers} == {client.sign()}
for worker in workers:
    worker.join()
    assert worker.exitcode == 0
"""


def test_multiprocessing(python_host: PythonHost) -> None:
    python_host(MULTIPROCESSING)


def test_alarm_is_set(run_host: RunHost, tmp_path: Path) -> None:
    """These tests can fail: a child's failed check is its parent's."""
    answer = run_host("fork", "both", env=NO_READERS, check=False)
    assert answer.returncode == 1
    assert "C_OpenSession" in answer.stderr
