"""Eight processes on one card at once, two of them OpenSC: none signs on another's login, none is led astray."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.clients import KEYS, OK, OPENSC, NewClient, Pkcs11Client, verifications
from support.conversation import Refused
from support.figures import Figures
from support.openssl import openssl_verify
from support.pcsc_card import PcscCard
from support.process import Failed, run
from torture.sizes import IS_FULL

ROUNDS, TIMEOUT_S = (500, 3600) if IS_FULL else (25, 240)
KEY = "authentication"
NOT_LOGGED_IN = "CKR_USER_NOT_LOGGED_IN"
#: What an attempt without a login is told.
NO_KEY = {NOT_LOGGED_IN, "CKR_KEY_HANDLE_INVALID", "CKR_OBJECT_HANDLE_INVALID"}
LOGGING_IN, LOOKING_ON, FOREIGN = 5, 1, 2

Signed = list[tuple[bytes, bytes]]


class Program:
    """What one of the processes does, again and again; its signatures are looked at in the end."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.signed: Signed = []
        self.answers: Counter[str] = Counter()

    def data(self, turn: int) -> bytes:
        """Nobody else signs the same."""
        return f"process {self.number}, turn {turn}".encode()


def log_in_and_sign(program: Program, client: Pkcs11Client) -> None:
    """Log in, sign, log out; whoever is told that the login is lost logs in again."""
    session = client.open(KEY)
    for turn in range(ROUNDS):
        signature = b""
        while not signature:
            with contextlib.suppress(Refused):
                if client.ask("state", session).endswith("PUBLIC_SESSION"):
                    client.login(session, KEYS[KEY].pin)
            signature = try_to_sign(program, client, session, turn)
        program.signed.append((program.data(turn), signature))
        if turn % 2:
            answer = client.rv("logout", session)
            program.answers[f"logout {answer}"] += 1
            assert answer in {OK, NOT_LOGGED_IN}
            assert client.ask("state", session).endswith("PUBLIC_SESSION")


def try_to_sign(program: Program, client: Pkcs11Client, session: int, turn: int) -> bytes:
    """The signature, or none when the login is lost."""
    try:
        keys = client.ask("find", session, "CKO_PRIVATE_KEY")
        if not keys:
            return b""
        made = client.sign(session, program.data(turn), key=keys[0])
    except Refused as refused:
        program.answers[refused.name] += 1
        assert refused.name == NOT_LOGGED_IN, refused.name
        assert client.ask("state", session).endswith("PUBLIC_SESSION")
        return b""
    program.answers[OK] += 1
    return made


def look_on(program: Program, client: Pkcs11Client, handle: int, is_over: Callable[[], bool]) -> None:
    """Never log in, but try to sign all the time, with a handle that would be right."""
    session = client.open(KEY)
    while not is_over():
        assert client.ask("find", session, "CKO_PRIVATE_KEY") == []
        answer = client.rv("sign", session, b"unallowed", "CKM_SHA256_RSA_PKCS", handle)
        program.answers[f"unallowed {answer}"] += 1
        assert answer in NO_KEY


def opensc_signs(program: Program, folder: Path) -> None:
    """OpenSC believes that nobody but itself logs out of the card, so it may fail; then it gives no signature."""
    for turn in range(ROUNDS):
        data, out = folder / f"data{program.number}", folder / f"signature{program.number}.{turn}"
        data.write_bytes(program.data(turn))
        try:
            token = ("--token-label", KEYS[KEY].token, "--login", "--pin", KEYS[KEY].pin)
            what = ("--sign", "--id", KEYS[KEY].id, "--mechanism", "SHA256-RSA-PKCS", "--input-file", data)
            run(["pkcs11-tool", "--module", OPENSC[0], *token, *what, "--output-file", out])
        except Failed:
            program.answers["OpenSC failed"] += 1
            continue
        program.signed.append((program.data(turn), out.read_bytes()))
        program.answers["OpenSC signed"] += 1


def test_eight_processes(card: PcscCard, new_client: NewClient, tmp_path: Path, figures: Figures) -> None:
    first = new_client()
    session = first.logged_in(KEY)
    handle, certificate = first.private_key(session), first.certificate(session)
    first.close()
    numbers = itertools.count()
    ours = [(Program(next(numbers)), new_client()) for _ in range(LOGGING_IN)]
    looking_on = [(Program(next(numbers)), new_client()) for _ in range(LOOKING_ON)]
    foreign = [Program(next(numbers)) for _ in range(FOREIGN)]
    began = time.monotonic()
    with ThreadPoolExecutor(LOGGING_IN + LOOKING_ON + FOREIGN) as threads:
        working = [threads.submit(log_in_and_sign, *pair) for pair in ours]
        working += [threads.submit(opensc_signs, program, tmp_path) for program in foreign]
        others = [
            threads.submit(look_on, *pair, handle, lambda: all(one.done() for one in working)) for pair in looking_on
        ]
        for each in (*working, *others):
            each.result(timeout=TIMEOUT_S)
    took = time.monotonic() - began
    programs = [program for program, _client in (*ours, *looking_on)] + foreign
    signed = [pair for program in programs for pair in program.signed]
    for data, signature in signed:
        openssl_verify(certificate, data, signature, "sha256")
    answers: Counter[str] = sum((program.answers for program in programs), start=Counter())
    assert all(program.signed for program, _client in ours)
    assert {answer for _pin, answer in verifications(card)} == {"9000"}
    last = new_client()
    assert not {flag for key in KEYS for flag in last.flags(key) if "COUNT_LOW" in flag or "LOCKED" in flag}
    told = ", ".join(f"{count} {name}" for name, count in sorted(answers.items()))
    figures(f"8 processes, {took:.0f} s, {len(signed)} signatures, all good: {told}")
