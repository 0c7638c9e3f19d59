"""The name of the program that the module is in."""

from __future__ import annotations

import posix

#: Name of a browser's process -> the name that all processes of that browser share. Each of these asks for the PIN of
#: every slot it sees, as NSS does. Spec: OpenSC src/pkcs11/misc.c, is_nss_browser
BROWSERS = {
    "firefox": "firefox",
    "firefox-bin": "firefox",
    "firefox-esr": "firefox",
    "firefox.real": "firefox",
    "plugin-container": "firefox",  # a process of Firefox for what is not its own code
    "librewolf": "librewolf",
    "waterfox": "waterfox",
    "palemoon": "palemoon",
    "seamonkey": "seamonkey",
    "thunderbird": "thunderbird",
    "thunderbird-bin": "thunderbird",
    "chromium": "chromium",
    "chromium-browser": "chromium",
    "headless_shell": "chromium",
    "chrome": "chrome",
    "google-chrome": "chrome",
    "msedge": "msedge",
    "microsoft-edge": "msedge",
    "brave": "brave",
    "brave-browser": "brave",
    "opera": "opera",
    "vivaldi": "vivaldi",
    "vivaldi-bin": "vivaldi",
}
EXE = "/proc/self/exe"
COMM = "/proc/self/comm"
#: What Linux writes behind the path of a program whose file an update has replaced.
REPLACED = " (deleted)"


def names() -> tuple[str, ...]:
    """Its names, the widest first: a browser's, its file's, that of the script that it runs; none where no one knows.

    Spec: proc(5), /proc/pid/exe and /proc/pid/comm; a script's name ends after 15 bytes there.
    """
    file = _exe().removesuffix(REPLACED).rpartition("/")[2]
    own = (file, _comm())
    browsers = (BROWSERS[name] for name in own if name in BROWSERS)
    return tuple(dict.fromkeys(name for name in (*browsers, *own) if name))


def is_browser(names: tuple[str, ...]) -> bool:
    """Whether these are a browser's names."""
    return any(name in BROWSERS for name in names)


def _exe() -> str:
    try:
        return posix.readlink(EXE)
    except OSError:
        return ""  # no Linux, or no /proc in this sandbox


def _comm() -> str:
    try:
        file = posix.open(COMM, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return posix.read(file, 64).decode(errors="replace").strip()
    except OSError:
        return ""
    finally:
        posix.close(file)
