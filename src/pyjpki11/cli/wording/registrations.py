"""Registrations in words: why one is refused, what changes, where it stands, what is left to do."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import click

from pyjpki11.cli.language import N_, _
from pyjpki11.cli.library import LIBRARY
from pyjpki11.cli.terminal import exits, output
from pyjpki11.cli.terminal.exits import ToolError
from pyjpki11.cli.wording import failures
from pyjpki11.registration import (
    chromium,
    confinement,
    firefox,
    java,
    openssh,
    openssl,
    ownership,
    plans,
    programs,
    refusal,
)
from pyjpki11.registration.files import Change
from pyjpki11.registration.place import Place, closed_to_others
from pyjpki11.registration.plans import Plan
from pyjpki11.registration.refusal import Refused

#: Where sudo looks for programs, whatever the user's PATH has.
SUDOS_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BY_HAND = N_("Nothing was changed. Check the file, then correct it or move it elsewhere.")
#: Code of a refusal -> message, remedy.
REASONS = {
    refusal.SYMLINK: (
        N_("{path} points to {target}, outside the folders that may be changed."),
        N_("Nothing was changed. Register the module there by hand, or put the file in its usual place."),
    ),
    refusal.NOT_REGULAR: (N_("{path} is not a regular file."), BY_HAND),
    refusal.NOT_YOURS: (
        N_("{path} belongs to another user."),
        N_("Nothing was changed. Run the command as the owner of the file, or change its owner."),
    ),
    refusal.NOT_TEXT: (N_("{path} is not a text file."), BY_HAND),
    refusal.NOT_UNDERSTOOD: (N_("{path} cannot be parsed (line {line})."), BY_HAND),
    refusal.NOT_OURS: (N_("{path} exists and was not made by pyjpki11."), BY_HAND),
    refusal.TAKEN: (
        N_("{path} already makes {program} use another PKCS#11 module."),
        N_("Nothing was changed. Replace that module with p11-kit-proxy.so, then register p11-kit instead."),
    ),
    refusal.CHANGED: (N_("{path} was just changed by another program."), N_("Run the command again.")),
    refusal.HOME_NOT_YOURS: (
        N_("The folder for your own settings, {path}, is not yours."),
        N_("Run the command as its owner, without sudo; or register for all users with --system."),
    ),
    refusal.NOT_ROOTS: (
        N_("Users other than root can change {path}, and so what root would run."),
        N_(
            "Nothing was changed. Build it again, in a copy of the sources that belongs to root, and register that "
            "copy:"
        ),
    ),
    refusal.IN_USE: (
        N_("A program has {path} open."),
        N_("Close the browser, then run the command again."),
    ),
    refusal.UNUSABLE_PATH: (
        N_("The path of the module contains characters that some programs cannot read: {path}"),
        N_("Install pyjpki11 in a folder whose path has no special characters."),
    ),
    refusal.TOOL_FAILED: (N_("{program} failed."), N_("Start the browser once, then run the command again.")),
    refusal.NO_PROGRAM: (
        N_("A package that {program} needs is not installed."),
        N_("On Debian and Ubuntu install it with:"),
    ),
    refusal.NO_PROFILE: (
        N_("There is no Firefox profile yet."),
        N_("Start Firefox once and close it, then run the command again; or register for all users with --system."),
    ),
    refusal.NO_SYSTEM_WIDE: (
        N_("Chromium and browsers based on it read modules only from each user's own database."),
        N_("Run the command as each user, without --system."),
    ),
    refusal.NOT_FOR_ROOT: (
        N_("p11-kit does not read root's own files."),
        N_("Run the command as the user who uses the card, or register for all users with --system."),
    ),
    refusal.SNAP: (
        N_("{path} is a snap, which cannot load libraries from outside the snap, such as this module."),
        N_("Install the program as a package from your distribution or from its maker, then run the command again."),
    ),
    refusal.FLATPAK: (
        N_("{path} is a flatpak, which cannot load libraries of the system, such as this module."),
        N_("Install the program as a package from your distribution or from its maker, then run the command again."),
    ),
}
#: Code of a refusal -> the commands that its remedy means, for people to copy.
COMMANDS = {
    refusal.NOT_ROOTS: (
        "sudo make build VENV=/opt/pyjpki11 PYTHON=/usr/bin/python3",
        "sudo /opt/pyjpki11/bin/pyjpki11 register {program}{scope}",
    ),
    refusal.NO_PROGRAM: ("sudo apt install {package}",),
}
#: Program -> the package of Debian that has what it needs.
PACKAGES = {"openssl": "libengine-pkcs11-openssl", "java": "default-jre-headless"}
#: State of a registration -> its name for people.
STATES = {
    programs.ABSENT: N_("not registered"),
    programs.REGISTERED: N_("registered"),
    programs.OUTDATED: N_("registered, but not as it would be registered now"),
    programs.LIBRARY_MISSING: N_("registered, but the module is missing"),
}
UNREADABLE = "unreadable"


class Standing(NamedTuple):
    """Where a program stands, for one user or for all; `problem` is why that cannot be told."""

    program: str
    is_system: bool
    state: str
    entries: list[programs.Entry]
    problem: ToolError | OSError | None = None

    def document(self) -> dict[str, object]:
        """For programs."""
        named = [{"path": str(entry.path), "library": entry.library, "state": entry.state} for entry in self.entries]
        problem = failures.failure(self.problem).document()["error"] if self.problem else None
        whose = {"program": self.program, "system": self.is_system}
        return {**whose, "state": self.state, "files": named, "error": problem}

    def text(self) -> str:
        """For people."""
        if self.problem:
            return failures.failure(self.problem).message
        paths = ", ".join(str(entry.path) for entry in self.entries)
        return f"{_(STATES[self.state])}: {paths}" if paths else _(STATES[self.state])


def place(is_system: bool, root: str = "/") -> Place:
    """The files that the user means."""
    return Place(LIBRARY, os.environ, is_system=is_system, root=Path(root).resolve())


def standing(name: str, where: Place) -> Standing:
    """Where a program stands."""
    try:
        entries = programs.entries(name, where)
    except Refused as refused:
        return Standing(name, where.is_system, UNREADABLE, [], tool_error(name, where, refused))
    except OSError as error:
        return Standing(name, where.is_system, UNREADABLE, [], error)
    return Standing(name, where.is_system, programs.state(entries), entries)


def tool_error(name: str, where: Place, refused: Refused) -> ToolError:
    """A refusal in the user's language."""
    message, remedy = REASONS[refused.code]
    names = {"program": name, "scope": " --system" if where.is_system else "", "package": PACKAGES.get(name, "")}
    commands = [output.TO_COPY + line.format(**names) for line in COMMANDS.get(refused.code, ())]
    facts = {"program": name, **refused.facts}
    return ToolError(exits.FAILED, refused.code, _(message, **facts), "\n".join([_(remedy), *commands]))


def own_command(*arguments: str, as_root: bool = False) -> str:
    """This tool's command line for people to copy, with the path where a shell, or sudo, would not find the program."""
    program = Path(sys.executable).with_name("pyjpki11")
    found = shutil.which(program.name, path=SUDOS_PATH if as_root else None)
    is_found = not program.exists() or (found is not None and program.samefile(found))
    words = [program.name if is_found else str(program), *arguments]
    return shlex.join(["sudo", *words] if as_root else words)


def carry_out(plan: Callable[[str, Place], Plan], name: str, where: Place, is_dry_run: bool) -> Plan:
    """Make the changes that a plan has for a program, unless it is a dry run.

    :raises ToolError: it is refused, or root's right is missing.
    :raises OSError: a file cannot be read or written.
    """
    try:
        made = plan(name, where)
        if not is_dry_run:
            plans.carry_out(made, where)
    except Refused as refused:
        raise tool_error(name, where, refused) from refused
    except PermissionError as error:
        if not where.is_system or os.geteuid() == 0:
            raise
        raise _as_root(error) from error
    return made


def _as_root(error: PermissionError) -> ToolError:
    """The same failure, with the way out."""
    failed = failures.failure(error)
    command = output.TO_COPY + own_command(*sys.argv[1:], as_root=True)
    return ToolError(failed.exit_status, failed.code, failed.message, f"{_('Only root can do this. Run:')}\n{command}")


def document(name: str, where: Place, made: Plan, is_dry_run: bool) -> dict[str, object]:
    """What was changed, or would be, for programs."""
    whose = {"program": name, "system": where.is_system, "dry_run": is_dry_run, "library": str(where.library)}
    return {**whose, "changes": [_document(change) for change in made.shown()]}


def text(made: Plan, is_dry_run: bool) -> Iterator[str]:
    """The same for people; nothing where nothing changes."""
    return _diffs(made.shown()) if is_dry_run else _done(made.shown())


def _document(change: Change) -> dict[str, object]:
    backup = str(change.backup) if change.backup else None
    return {"path": str(change.path), "action": _action(change), "backup": backup, "diff": change.diff()}


def _action(change: Change) -> str:
    if change.before is None:
        return "create"
    return "remove" if change.after is None else "change"


#: Action -> its text.
ACTIONS = {"create": N_("Created {path}"), "remove": N_("Removed {path}"), "change": N_("Changed {path}")}
KEPT = N_("Changed {path}; the previous content is in {backup}")


def _done(changes: list[Change]) -> Iterator[str]:
    for change in changes:
        if change.backup:
            yield _(KEPT, path=change.path, backup=change.backup)
        else:
            yield _(ACTIONS[_action(change)], path=change.path)


def _diffs(changes: list[Change]) -> Iterator[str]:
    for change in changes:
        if lines := change.diff():
            yield from lines
        else:
            yield _("{path}: a file of {count} bytes", path=change.path, count=len(change.after or b""))


def advice(name: str, where: Place) -> Iterator[str]:
    """What is left for the user to do once a program is registered."""
    if name in ADVICE:
        yield from ADVICE[name](where)
    if where.is_system and (closed := closed_folder(where)):
        yield _("Warning: other users cannot read {path}; install pyjpki11 where they can read it.", path=closed)


def closed_folder(where: Place) -> Path | None:
    """What keeps other users from the module, or from the Python that it brings."""
    return closed_to_others(where.library) or closed_to_others(Path(sys.base_prefix))


def _for_firefox(where: Place) -> Iterator[str]:
    yield _("Restart Firefox.")
    yield from _confined(where, firefox.PROGRAMS, firefox.FLATPAKS)


def _for_chromium(where: Place) -> Iterator[str]:
    yield _("Restart the browser.")
    yield from _confined(where, chromium.PROGRAMS, chromium.FLATPAKS)


def _confined(where: Place, names: tuple[str, ...], flatpaks: tuple[str, ...]) -> Iterator[str]:
    for path, _code in confinement.confined_programs(where, names, flatpaks):
        yield _("Warning: {path} is a snap or a flatpak, which cannot load the module.", path=path)


def _for_openssh(where: Place) -> Iterator[str]:
    if where.is_system:
        library = where.library if openssh.is_accepted(where.library) else openssh.COPY
        yield _("To add the module to ssh-agent, run:")
        yield f"{output.TO_COPY}ssh-add -s {library}"
        return
    if openssh.is_accepted(where.library):
        return
    agent = shlex.join(["ssh-agent", "-P", str(where.library)])
    yield _("ssh-agent does not accept a module in this folder, unless it is started with:")
    yield f'{output.TO_COPY}eval "$({agent})"'
    if ownership.is_roots_alone(where.library):
        yield _("To make a copy that every ssh-agent accepts, run:")
        yield output.TO_COPY + own_command("register", "openssh", "--system", as_root=True)


def _for_openssl(where: Place) -> Iterator[str]:
    if not where.is_system:
        yield _("Programs use it if this is in the environment:")
        yield f"{output.TO_COPY}export {shlex.quote('OPENSSL_CONF=' + str(openssl.users_file(where)))}"


def _for_java(where: Place) -> Iterator[str]:
    if not where.is_system:
        option = f"-Djava.security.properties={java.users_file(where)}"
        yield _(
            "Java programs use it with this option, and all of them do if it is in the environment variable "
            "JAVA_TOOL_OPTIONS:"
        )
        yield f"{output.TO_COPY}export {shlex.quote('JAVA_TOOL_OPTIONS=' + option)}"


ADVICE: dict[str, Callable[[Place], Iterator[str]]] = {
    "firefox": _for_firefox,
    "chromium": _for_chromium,
    "openssh": _for_openssh,
    "openssl": _for_openssl,
    "java": _for_java,
}


def dry_run_option(function: Callable[..., object]) -> Callable[..., object]:
    """--dry-run."""
    return click.option("--dry-run", is_flag=True, help=_("Show what would change, and change nothing."))(function)


def place_options(function: Callable[..., object]) -> Callable[..., object]:
    """--system and --root."""
    system_help = _("For all users of this computer, not only for you.")
    root_help = _("The root folder of the system to change, if it is not the running one.")
    root_type = click.Path(exists=True, file_okay=False)
    with_root = click.option("--root", type=root_type, default="/", metavar="FOLDER", help=root_help)(function)
    return click.option("--system", "is_system", is_flag=True, help=system_help)(with_root)
