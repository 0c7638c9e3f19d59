"""Where the module departs from the letter of PKCS#11, each with its reason; `supported.py` prints it."""

from typing import NamedTuple


class Deviation(NamedTuple):
    """What the module does, what the standard says, why."""

    what: str
    standard: str
    reason: str


#: Sections are those of PKCS#11 v3.1. Design decisions are numbered as in docs/architecture.md.
DEVIATIONS = (
    Deviation(
        "`CKM_RSA_PKCS` signs and verifies in parts, as long as they fit into one block.",
        "6.1.6: single-part only",
        "OpenSC takes parts, `pkcs11-tool` sends them; existing scripts go on working.",
    ),
    Deviation(
        "Each card in use has a helper thread, as has the PC/SC service, even where "
        "`CKF_LIBRARY_CANT_CREATE_OS_THREADS` is set.",
        "5.4.4: `CKR_NEED_TO_CREATE_THREADS`, or no threads",
        "A card that never answers must not hang its host (decision 15); NSS and p11-kit always set the flag.",
    ),
    Deviation(
        "`C_Login` answers `CKR_PIN_LEN_RANGE` or `CKR_PIN_INVALID` for a PIN that no such card can have.",
        "5.6.8 does not list them; 5.5.9 (`C_SetPIN`) does",
        "Such a PIN is never sent, since it would cost a try (decision 5); `CKR_PIN_INCORRECT` would say that it did.",
    ),
    Deviation(
        "A PIN that the card has refused is refused again without being sent, until the card is inserted anew, "
        "its PIN is changed here, or the module is initialised anew.",
        "5.6.8 says nothing of it",
        "Programs repeat a stored PIN until it is blocked (decision 5).",
    ),
    Deviation(
        "The host's mutex functions are accepted, but not used.",
        "5.4.4: to be used where they alone are given",
        "Python has its own locks, which work in every threading model.",
    ),
    Deviation(
        "`pReserved` of `C_Initialize` is not followed; what is not NULL is refused.",
        "5.4.4: must be NULL",
        "No deviation, but NSS passes a module's parameters there: leave them out.",
    ),
    Deviation(
        "No two operations at once: `C_DigestEncryptUpdate` and its like are `CKR_FUNCTION_NOT_SUPPORTED`.",
        "5.17: optional",
        "No client of a signing card calls them.",
    ),
    Deviation(
        "No security officer: `CKU_SO` is `CKR_USER_TYPE_INVALID`; `C_InitToken` and `C_InitPIN` are not supported.",
        "5.5.7, 5.5.8, 5.6.8",
        "The card has none; a municipal office unblocks PINs.",
    ),
    Deviation(
        "A login allows one signature with the signature key without `CKU_CONTEXT_SPECIFIC`, "
        "although its `CKA_ALWAYS_AUTHENTICATE` is true.",
        "4.9: each use needs a login of its own",
        "Java and others know no such login; one password, one signature is kept (decision 7).",
    ),
    Deviation(
        "While one token of the card stays logged in, logging out of the other leaves its PIN verified on the card. "
        "This module refuses to sign with it all the same.",
        "5.6.10",
        "The card can only forget both PINs at once (decision 6); the last logout clears both.",
    ),
    Deviation(
        "Logging out ends every operation of the token's sessions, public ones too.",
        "5.6.10: may or may not",
        "One rule for all.",
    ),
    Deviation(
        "Read-write sessions are opened although `CKF_WRITE_PROTECTED` is set; what would write is refused: "
        "`CKR_TOKEN_WRITE_PROTECTED`.",
        "5.6.1: `CKR_TOKEN_WRITE_PROTECTED` from `C_OpenSession`",
        "OpenSSH and others that only sign ask for such sessions; `C_SetPIN` needs one.",
    ),
    Deviation(
        "The public half of a card key does not encrypt (`CKA_ENCRYPT` false); a session object with it does.",
        "none",
        "The card cannot decrypt: what was encrypted would be lost.",
    ),
    Deviation(
        "A call out of order (`C_Sign` after `C_SignUpdate`) answers `CKR_OPERATION_NOT_INITIALIZED`, ending the "
        "operation; in a series of messages it ends the message only.",
        "5.13.2: no number is named",
        "One table for all operations (`provider/steps.py`).",
    ),
    Deviation(
        "`C_...Init` without a mechanism answers `CKR_ARGUMENTS_BAD` where there is nothing to cancel.",
        "5.8.1 names only the cancelling",
        "A NULL pointer that does nothing is a mistake of the caller.",
    ),
    Deviation(
        "`C_VerifyRecover` tells the length of the modulus, the most there can be, and wants that much room.",
        "5.2: may exceed the real length",
        "The real length shows only once the work is done.",
    ),
    Deviation(
        "Profile and mechanism objects are found only by those who give `CKA_CLASS`.",
        "4.12, 4.13",
        "As the standard has it; listed because clients wonder.",
    ),
    Deviation(
        "`C_SeedRandom` answers `CKR_RANDOM_SEED_NOT_SUPPORTED`; `C_GenerateRandom` is served by the system.",
        "5.19: from the token",
        "NSS asks at every insertion and should not wait for a card; the system's generator needs no seed.",
    ),
    Deviation(
        "Message signatures take no parameter; what is passed as one is not looked at.",
        "5.14",
        "None of the mechanisms has a parameter per message.",
    ),
)
