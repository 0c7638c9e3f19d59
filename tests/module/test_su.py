"""Debian's su with Debian's libpam-p11: it lets in who has the card, and heeds nothing else of theirs."""

from __future__ import annotations

import shutil
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from support.pcsc_card import IN_PCSCDS_PROCESS, CardMaker
from support.privileges import AS_OTHER, give, needs_root, public_folder
from support.process import run

pytestmark = [needs_root, IN_PCSCDS_PROCESS]
USER, USER_ID = "cardholder", 61234
PAM_MODULES = sorted(Path("/usr/lib").glob("*/security/pam_p11.so"))
#: /etc as PAM and su are to see it, for this program and those that it starts.
IN_PRIVATE_ETC = ["unshare", "--mount", "sh", "-euc", 'mount --bind "$1" /etc; shift; exec "$@"', "sh"]
SERVICE = """auth required {module} {library}
account required pam_permit.so
session required pam_permit.so
"""
NO_SUCH_SETTING = '"/tmp/evil.so" = 1\n'  # a line that the complaint about it would carry to a log


class Su:
    """su in an /etc of its own, whose folder the tests may look into."""

    def __init__(self, folder: Path, library: Path) -> None:
        assert PAM_MODULES, "pam_p11.so is not installed (package libpam-p11)"
        self.etc = Path(shutil.copytree("/etc", folder / "etc", symlinks=True))
        self.home = folder / "home"
        self.home.mkdir()
        (self.etc / "pam.d" / "su").write_text(SERVICE.format(module=PAM_MODULES[0], library=library))
        with (self.etc / "passwd").open("a") as users:
            users.write(f"{USER}:x:{USER_ID}:{USER_ID}::{self.home}:/bin/sh\n")

    def let_in(self, certificate: bytes) -> None:
        """Have the user's account accept a card."""
        accepted = self.home / ".eid" / "authorized_certificates"
        accepted.parent.mkdir()
        accepted.write_text(ssl.DER_cert_to_PEM_cert(certificate))
        give(self.home, USER_ID)

    def __call__(self, user: str, pin: str = "", env: Mapping[str, str] | None = None) -> CompletedProcess[str]:
        """Become a user, as one who is not root, to tell who one is."""
        argv: list[Path | str] = [*IN_PRIVATE_ETC, self.etc, *AS_OTHER, "su", user, "-c", "id -u"]
        return run(argv, env=env, text=f"{pin}\n", check=False)


@pytest.fixture
def su(module_path: Path) -> Iterator[Su]:
    """su, whose PAM module has loaded ours."""
    with public_folder() as folder:
        yield Su(folder, module_path)


def test_su_lets_in_who_has_the_card_and_the_pin(su: Su, pcsc_card: CardMaker, issued_card: Path) -> None:
    su.let_in((issued_card / "auth.der").read_bytes())
    refused = su(USER, "1234")
    assert refused.returncode != 0 and str(USER_ID) not in refused.stdout.split()
    pcsc_card()
    done = su(USER, "1234")
    assert (done.returncode, done.stdout.split()[-1:]) == (0, [str(USER_ID)]), done.stderr


@pytest.mark.usefixtures("pcscd")
@pytest.mark.parametrize("with_softcard", [False, True])
def test_who_has_no_card_makes_no_file_with_su(su: Su, softcard_state: Path, with_softcard: bool) -> None:
    """The line in ld.so.preload would have every program of root load what another user has put into /tmp."""
    theirs = su.home.with_name("theirs")
    shutil.copytree(softcard_state, theirs / "card")
    (theirs / "config.toml").write_text(NO_SUCH_SETTING)
    give(theirs)
    su.let_in((softcard_state / "auth.der").read_bytes())
    variables = {
        "PYJPKI11_CONFIG": f"{theirs}/config.toml",
        "PYJPKI11_LOG": "/etc/ld.so.preload",
        "PYJPKI11_LOG_LEVEL": "debug",
        "XDG_CACHE_HOME": "/etc/nologin",
    }
    if with_softcard:
        variables["PYJPKI11_READER"] = f"softcard:{theirs}/card?apdu-log=/etc/cron.d/evil"
    for user in ("root", USER):
        done = su(user, "1234", variables)
        assert done.returncode != 0 and "evil" not in done.stderr
    for name in ("ld.so.preload", "nologin", "cron.d/evil"):
        assert not (su.etc / name).exists()
