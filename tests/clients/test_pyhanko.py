"""pyHanko with our module: a PDF signed by its command and by a program, checked by it and by pdfsig."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.clients import KEYS, signatures, verifications
from support.examples import FOLDER, script
from support.pcsc_card import CardMaker, PcscCard
from support.pdf import one_page
from support.process import Failed, run
from support.terminal import Dialogue, run_at_terminal

ACCEPTED, REFUSED = ("001B", "9000"), ("001B", "63C4")
COMMAND = (
    'pyhanko sign addsig --field Signature --use-pades pkcs11 --lib "$MODULE"'
    ' --token-label "JPKI (Digital Signature PIN)" --cert-label "Digital Signature Certificate"'
    ' --key-label "Digital Signature Key" --other-cert "Digital Signature Certificate CA" letter.pdf signed.pdf'
)
PROGRAM = 'python sign_pdf.py "$MODULE" letter.pdf signed.pdf'
BY_COMMAND, BY_PROGRAM = "Sign with pyHanko", "Sign with a program of your own"


def row(what: str, command: str = COMMAND) -> pytest.MarkDecorator:
    """A row of docs/clients.md."""
    return pytest.mark.client("pyHanko", what, command=command, example="examples/pdf.md")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the reader of the example is, who has a letter to sign."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "letter.pdf").write_bytes(one_page())
    return tmp_path


def sign(heading: str, option: str = "", password: str = KEYS["signature"].pin) -> Dialogue:
    """What is shown while the letter is signed; the option is for sign_pdf.py."""
    argv = script("pdf.md", "Set up", heading)
    argv[-1] = argv[-1].replace("sign_pdf.py", f"{FOLDER / 'sign_pdf.py'} {option}")
    return run_at_terminal(argv, {r"PIN.*: ": password})


@pytest.mark.parametrize(
    ("heading", "option", "mechanism"),
    [
        pytest.param(BY_COMMAND, "", "sha256_rsa", marks=row("sign a PDF, PAdES")),
        pytest.param(BY_PROGRAM, "", "sha256_rsa", marks=row("sign a PDF, PAdES, from Python", PROGRAM)),
        pytest.param(BY_PROGRAM, "--pss", "rsassa_pss", marks=row("sign a PDF, PAdES, from Python", PROGRAM)),
    ],
)
def test_sign(card: PcscCard, heading: str, option: str, mechanism: str) -> None:
    """One prompt, one signature over the whole document, which pyHanko and pdfsig find good."""
    assert len(sign(heading, option).prompts) == 1
    assert verifications(card) == [ACCEPTED] and signatures(card) == 1
    assert Path("signed.pdf").read_bytes().startswith(one_page())
    judged = run(script("pdf.md", "Check with pyHanko")).stdout
    assert "The signature is judged VALID." in judged
    assert "The signer's certificate is trusted." in judged
    assert f"The signature mechanism used was '{mechanism}'." in judged
    judged = run(script("pdf.md", "Set up pdfsig", "Check with pdfsig")).stdout
    assert "Signature Type: ETSI.CAdES.detached" in judged and "Total document signed" in judged
    assert "Signature is Valid." in judged and "Certificate is Trusted." in judged


@pytest.mark.parametrize("heading", [BY_COMMAND, BY_PROGRAM])
def test_a_changed_document(card: PcscCard, heading: str) -> None:
    """A signature is good for the letter it is on only."""
    sign(heading)
    signed = Path("signed.pdf").read_bytes()
    Path("signed.pdf").write_bytes(signed.replace(b"300 720 l", b"400 720 l"))
    with pytest.raises(Failed, match="INVALID"):
        run(script("pdf.md", "Check with pyHanko"))
    assert "Signature is Valid." not in run(script("pdf.md", "Set up pdfsig", "Check with pdfsig")).stdout


@row("sign a PDF, card without PSS")
def test_sign_without_pss(pcsc_card: CardMaker) -> None:
    """PSS is refused, the usual signature is as ever."""
    card = pcsc_card(["no-pss"])
    with pytest.raises(Failed, match="MechanismInvalid"):
        sign(BY_PROGRAM, "--pss")
    assert signatures(card) == 0
    sign(BY_COMMAND)
    assert "The signature is judged VALID." in run(script("pdf.md", "Check with pyHanko")).stdout


@pytest.mark.parametrize(("again", "made"), [("yes", 3), ("no", 1)])
def test_many_documents(card: PcscCard, module_path: Path, again: str, made: int) -> None:
    """Each takes the password, as the example says."""
    program = Path(__file__).with_name("programs") / "three_pdfs.py"
    argv = [sys.executable, str(program), str(module_path), again]
    run_at_terminal(argv, {"PIN: ": KEYS["signature"].pin}, env={"PYTHONPATH": str(FOLDER.parent)}, check=made == 3)
    assert signatures(card) == made == len(list(Path().glob("signed?.pdf")))


@pytest.mark.parametrize("heading", [BY_COMMAND, BY_PROGRAM])
def test_a_wrong_password_is_sent_once(card: PcscCard, heading: str) -> None:
    """Nobody tries it again."""
    with pytest.raises(Failed):
        sign(heading, password="WRONG1")  # noqa: S106 - it is none
    assert verifications(card) == [REFUSED]
