"""The child's half of support.conversation."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any


class Refusal(Exception):
    """The name of an error, for the parent."""


def serve(operations: Mapping[str, Callable[..., Any]]) -> None:
    """Do what each line of the input says, until it ends. Answers go where nothing else prints."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        operation, *arguments = json.loads(line)
        print(json.dumps(_answer(operations[operation], arguments)), file=answers, flush=True)


def _answer(operation: Callable[..., Any], arguments: list[Any]) -> dict[str, Any]:
    try:
        return {"value": operation(*arguments)}
    except Refusal as error:
        return {"error": str(error)}
