"""Plays on hostile cards until they have given so many answers: `python -m torture.card_fuzzer STATE ANSWERS SEED`.

Prints how often each call ended how. Memory is limited, so that whoever believes a card's gigabytes ends here.
"""

from __future__ import annotations

import os
import resource
import sys
from collections import Counter
from collections.abc import Hashable
from pathlib import Path

from torture.choices import Choices, Corpus
from torture.hostile_reader import Memory, Reader
from torture.player import Player

from pyjpki11.provider import module, reader_watch

MAX_MEMORY_LEN = 768 << 20  # bytes of address space, most of which nobody uses


def play(memory: Memory, choices: Choices, outcomes: Counter[str]) -> tuple[int, int, set[Hashable]]:
    """One example: how many answers were given, in all and in one call, and what was seen."""
    reader = Reader(memory, choices)
    setattr(module, "open_driver", lambda setting: reader)  # noqa: B010 - it is imported there
    player = Player(reader, choices, outcomes)
    try:
        player.play()
    except BaseException:
        print(f"the choices were {choices.made}", file=sys.stderr)
        raise
    return reader.answers, player.most_commands, reader.features


def main(state: str, count: int, seed: int) -> None:
    """Play."""
    reader_watch.LOOK_S = 0.0  # one example is like the other, however fast the machine is
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_LEN, MAX_MEMORY_LEN))
    memory, corpus = Memory(state), Corpus(seed)
    outcomes: Counter[str] = Counter()
    answers = examples = most = 0
    while answers < count:
        choices = corpus.next()
        given, in_one_call, features = play(memory, choices, outcomes)
        corpus.learn(choices, features)
        answers += given
        examples += 1
        most = max(most, in_one_call)
    for outcome, times in sorted(outcomes.items()):
        print(outcome, times)
    print("answers", answers)
    print("examples", examples)
    print("features", corpus.features)
    print("most_commands_in_a_call", most)
    print("peak_mib", int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) >> 10)


if __name__ == "__main__":
    os.environ["HOME"] = "/nonexistent"  # what is known of a card would make one example depend on another
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
