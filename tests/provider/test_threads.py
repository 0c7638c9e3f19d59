"""Several threads of one program on one card."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

from provider.desk import Desk, DeskMaker

from pyjpki11.card.layout import AUTHENTICATION

THREADS, JOIN_S = 8, 60
MANY, SHORT_S = 1000, 0.05


def in_threads(work: Callable[[int], None]) -> None:
    """Run it in all threads at once; an error in one fails the test."""
    start = threading.Barrier(THREADS)

    def run(number: int) -> None:
        start.wait(JOIN_S)
        work(number)

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(JOIN_S)
        assert not thread.is_alive(), "a thread hangs"


def test_sessions_in_threads(make_desk: DeskMaker) -> None:
    desk = make_desk(signature_consent="each-login")
    for name in ("auth", "sign"):
        desk.open(name)
        desk.login(name)

    def work(number: int) -> None:
        name = f"{('auth', 'sign')[number % 2]}{number}"
        desk.open(name)
        for _ in range(3):
            desk.sign(name)
            desk.labels(name)
        desk.close(name)

    in_threads(work)
    assert desk.signatures() == 3 * THREADS
    assert (desk.count("auth"), desk.count("sign")) == (1, 1)


def test_one_login_whoever_is_first(desk: Desk) -> None:
    answers: list[str] = []
    for number in range(THREADS):
        desk.open(f"auth{number}")
    in_threads(lambda number: answers.append(desk.do("login", f"auth{number}")))
    assert sorted(answers) == ["OK"] + ["USER_ALREADY_LOGGED_IN"] * (THREADS - 1)
    assert desk.verifies() == 1


def test_one_consent_one_signature(desk: Desk) -> None:
    """Whichever session takes it."""
    answers: list[str] = []
    for number in range(THREADS):
        desk.open(f"sign{number}")
    desk.login("sign0")
    for number in range(THREADS):
        desk.sign_init(f"sign{number}")
    in_threads(lambda number: answers.append(desk.do("sign-now", f"sign{number}")))
    assert sorted(answers) == ["OK"] + ["USER_NOT_LOGGED_IN"] * (THREADS - 1)
    assert desk.signatures() == 1


def test_one_wrong_pin_one_try(desk: Desk) -> None:
    answers: list[str] = []
    for number in range(THREADS):
        desk.open(f"auth{number}")
    in_threads(lambda number: answers.append(desk.do("login", f"auth{number}", "9999")))
    assert answers == ["PIN_INCORRECT"] * THREADS
    assert desk.tries("auth") == 2


def test_slots_while_the_card_comes_and_goes(desk: Desk) -> None:
    def work(number: int) -> None:
        for _ in range(20):
            if number == 0:
                desk.reader.driver.insert()
            else:
                desk.slots()
                desk.do("open", f"auth{number}")

    in_threads(work)
    assert desk.slots() == [0, 1]
    assert desk.reader.connections == 1


def test_a_signal_handler_in_the_midst_of_a_call(desk: Desk) -> None:
    """It is in the thread that has the lock, and must not take the answer that this thread waits for."""
    desk.open("auth")
    card = desk.module.token(0).card
    seen: list[object] = []
    is_handled = threading.Event()
    caller = threading.get_ident()

    def handle(_number: int, _frame: object) -> None:
        if is_handled.is_set():
            return
        seen.append(desk.do("login", "auth"))
        card.end()
        seen.append(desk.reader.connections)
        is_handled.set()

    def step() -> int | None:
        for _ in range(MANY):  # one that comes just before the caller falls asleep is handled when it wakes up
            signal.pthread_kill(caller, signal.SIGUSR1)
            if is_handled.wait(SHORT_S):
                break
        assert is_handled.is_set()
        return card.jpki.tries_left(AUTHENTICATION)

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        assert card.run(step) == 3
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == ["FUNCTION_FAILED", 1]
    assert desk.reader.connections == 0 and not card.is_alive
