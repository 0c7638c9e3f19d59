"""Random calls on objects, with operations on them."""

from __future__ import annotations

import hashlib
from typing import Any

from model import objects
from model.library import Output, mechanism, pss
from model.machine import BOTH, PICKS, Machine, in_session
from model.operations import (
    CALLS,
    CANCEL_FLAGS,
    DIGESTS,
    INITS,
    USES,
    Call,
    is_signature,
    signature_block,
)
from model.outcomes import refusal, success
from model.signatures import signature_over
from model.steps import step
from model.world import Operation, Session, SessionObject
from module.numbers import NUMBERS

from pyjpki11.cryptoki import ckf, ckm, cko

DATA = (b"", b"a", b"what is to be signed", b"x" * 32, b"y" * 51)
LONG_DATA = (b"z" * 245, b"z" * 246, b"z" * 300)
ROOMS = ("enough", "enough", "enough", "exact", "short", "query", "query", "nowhere")
#: What is wrong with a mechanism: nothing, mostly.
FAULTS = ("", "", "", "", "", "unknown", "foreign", "parameter", "none")
KEYS = ("right", "right", "right", "right", "right", "made", "other", "certificate", "nothing")
SIGNATURES = ("good", "good", "bad", "short")
WITHOUT_DATA = ("Final", "MessageBegin", "VerifyRecover")
NO_OBJECT = 0x7FFFFFFF
BEGUN_WITH_CARD = ("sign", "sign-recover", "sign-messages")
PUBLIC_KINDS = tuple(kind for kind in INITS if kind.startswith("verify"))
FLAGS = (0, *CANCEL_FLAGS.values(), ckf.SIGN | ckf.FIND_OBJECTS | ckf.DIGEST)


class Application(Machine):
    """The whole of the module."""

    def __init__(self) -> None:
        super().__init__()
        self.made = 0

    # -- objects --------------------------------------------------------------------------------------------

    @step(in_session, 4, pick=PICKS, template=objects.TEMPLATES)
    def search_begin(self, pick: int, template: objects.Rows) -> None:
        """C_FindObjectsInit."""
        session = self.session(pick)
        self._search_begin(session, template)

    def _search_begin(self, session: Session, template: objects.Rows) -> bool:
        found = objects.found(session.token, template)
        outcomes = self.operations.begin(session, "search", Operation(found=found), [])
        outcomes = self.world.may_lose_login(session.token, outcomes)
        return self.settle(self.library.find_init(session.handle, template), outcomes, session)

    @step(in_session, 3, pick=PICKS, limit=(0, 1, 2, 20))
    def search_go_on(self, pick: int, limit: int) -> None:
        """C_FindObjects."""
        session = self.session(pick)
        self._search_go_on(session, limit)

    def _search_go_on(self, session: Session, limit: int) -> list[int]:
        search = session.operations.get("search")
        rv, handles = self.library.find(session.handle, limit)
        outcomes = refusal("OPERATION_NOT_INITIALIZED") if search is None else success()
        if not self.settle(rv, outcomes, session) or search is None:
            return []
        assert len(handles) == min(limit, len(search.found))
        for handle in handles:
            name = self._name(session, handle)
            if name is not None:
                assert name in search.found, f"{name!r} was found, but not {search.found}"
                search.found.remove(name)
            else:
                search.found.pop()
        return handles

    def _name(self, session: Session, handle: int) -> bytes | None:
        """Class and label of an object; None where it shows no longer and was never seen."""
        token = session.token
        if handle in token.objects:
            return token.objects[handle].name
        if handle not in token.names:
            rv, name = self.library.label(session.handle, handle)
            if rv != "OK":
                return None
            assert handle not in token.ended, "a handle comes back"
            token.names[handle] = name
            if name in objects.private_names(token):
                token.private.add(handle)
        return token.names[handle]

    @step(in_session, 4, pick=PICKS)
    def search_end(self, pick: int) -> None:
        """C_FindObjectsFinal."""
        session = self.session(pick)
        self._search_end(session)

    def _search_end(self, session: Session) -> None:
        outcomes = refusal("OPERATION_NOT_INITIALIZED")
        if "search" in session.operations:
            outcomes = success(lambda: session.operations.__delitem__("search"))
        self.settle(self.library.call("C_FindObjectsFinal", session.handle), outcomes, session)

    @step(in_session, 3, pick=PICKS, which=range(21))
    def read_object(self, pick: int, which: int) -> None:
        """C_GetAttributeValue of any handle ever seen: what does not show has no attributes."""
        session = self.session(pick)
        token = session.token
        handles = [*token.names, *token.objects, *token.ended, NO_OBJECT]
        handle = handles[which % len(handles)]
        rv, name = self.library.label(session.handle, handle)
        visible = objects.found(token, [])
        expected = token.names.get(handle)
        if handle in token.objects:
            expected = token.objects[handle].name
        outcomes = success() if expected in visible else refusal("OBJECT_HANDLE_INVALID")
        if self.settle(rv, self.world.may_lose_login(token, outcomes), session):
            assert name == expected

    @step(
        in_session,
        3,
        pick=PICKS,
        kind=("data", "key", "certificate"),
        is_private=BOTH,
        is_token=range(6),
    )
    def create_object(self, pick: int, kind: str, is_private: bool, is_token: int) -> None:
        """C_CreateObject, also of what cannot be made."""
        session = self.session(pick)
        self.made += 1
        self._create(session, kind, is_private and kind == "data", kind == "data" and not is_token)

    def _create(self, session: Session, kind: str, is_private: bool, is_token: bool) -> None:
        label = b"made %d" % self.made
        numbers = self.keys["auth"].public_numbers()
        rows, number = {
            "data": (objects.data_object(label, is_private, is_token), cko.DATA),
            "key": (objects.public_key_object(label, self._modulus(session), numbers.e), cko.PUBLIC_KEY),
            "certificate": (objects.certificate_object(label, b"0\0"), cko.CERTIFICATE),
        }[kind]
        problems = []
        if is_token:
            problems.append("TOKEN_WRITE_PROTECTED")
        if is_private and not session.token.is_logged_in:
            problems.append("USER_NOT_LOGGED_IN")
        rv, handle = self.library.create(session.handle, rows)
        if self.settle(rv, refusal(*problems) if problems else success(), session):
            assert handle not in session.token.objects
            session.token.objects[handle] = SessionObject(number, label, session.handle, is_private)

    def _modulus(self, session: Session) -> int:
        return self.keys[session.token.name].public_numbers().n

    @step(in_session, pick=PICKS, which=range(8))
    def destroy_object(self, pick: int, which: int) -> None:
        """C_DestroyObject: session objects only, but those of all sessions with the token."""
        session = self.session(pick)
        token = session.token
        card = list(token.names)
        handles = [*token.objects, *card[:1], NO_OBJECT]
        handle = handles[which % len(handles)]
        outcomes = refusal("OBJECT_HANDLE_INVALID")
        if handle in token.objects:
            outcomes = success(lambda: token.objects.__delitem__(handle))
        elif handle in card:
            outcomes = refusal("ACTION_PROHIBITED", "OBJECT_HANDLE_INVALID")
        self.settle(self.library.call("C_DestroyObject", session.handle, handle), outcomes, session)

    # -- operations: how they begin -------------------------------------------------------------------------

    @step(
        in_session,
        6,
        pick=PICKS,
        kind=tuple(INITS),
        use=range(4),
        fault=FAULTS,
        key=KEYS,
    )
    def operation_begin(self, pick: int, kind: str, use: int, fault: str, key: str) -> None:
        """C_...Init."""
        arguments = () if kind == "digest" else (1, None, 0) if kind == "verify-signature" else (1,)
        session = self.session(pick)
        if fault == "none":
            rv = self.library.call(INITS[kind], session.handle, None, *arguments)
            self.settle(rv, self.operations.cancel_by_init(session, kind), session)
        else:
            self._begin(session, kind, USES[kind][use % len(USES[kind])], fault, key)

    @step(in_session, 10, pick=PICKS, kind=tuple(INITS), use=range(4))
    def operation_begin_well(self, pick: int, kind: str, use: int) -> None:
        """C_...Init as it should be."""
        self._begin(self.session(pick), kind, USES[kind][use % len(USES[kind])], "", "right")

    @step(in_session, 6, pick=PICKS, use=range(4))
    def sign_begin(self, pick: int, use: int) -> None:
        """C_SignInit as it should be, because most of the rest depends on it."""
        session = self.session(pick)
        self._begin(session, "sign", USES["sign"][use], "", "right")

    def _begin(self, session: Session, kind: str, number: int, fault: str, key: str) -> None:
        given, problems = self._mechanism(number, fault)
        arguments: list[Any] = [given]
        if kind != "digest":
            handle, key_problems = self._key(session, kind, key)
            if session.handle not in self.world.sessions:
                return
            arguments.append(handle)
            problems += key_problems
        operation = Operation(given.number)
        if kind == "verify-signature":
            key_of_card = self.reader.card.store.key(session.token.name)
            operation.signature = signature_over(key_of_card, number, DATA[2], "good")
            arguments += [operation.signature, len(operation.signature)]
        outcomes = self.operations.begin(session, kind, operation, problems)
        rv = self.library.call(INITS[kind], session.handle, given, *arguments[1:])
        self.settle(rv, self.world.may_lose_login(session.token, outcomes), session)

    def _mechanism(self, number: int, fault: str) -> tuple[Any, list[str]]:
        parameter = pss() if number == ckm.SHA256_RSA_PKCS_PSS else b""
        if fault == "unknown":
            return mechanism(NUMBERS["CKM_AES_CBC"]), ["MECHANISM_INVALID"]
        if fault == "foreign":
            foreign = ckm.RSA_PKCS if number in DIGESTS else ckm.SHA256
            return mechanism(foreign), ["MECHANISM_INVALID"]
        if fault == "parameter":
            return mechanism(number, b"" if parameter else bytes(24)), ["MECHANISM_PARAM_INVALID"]
        return mechanism(number, parameter), []

    def _key(self, session: Session, kind: str, key: str) -> tuple[int, list[str]]:
        """A handle, and what is wrong with it."""
        made = [handle for handle, it in session.token.objects.items() if it.kind == cko.PUBLIC_KEY]
        if kind == "encrypt" and key == "right":
            key = "made"
        if key == "nothing" or (key == "made" and not made):
            return NO_OBJECT, ["KEY_HANDLE_INVALID"]
        if key == "made":
            return made[0], ["KEY_FUNCTION_NOT_PERMITTED"] if kind.startswith("sign") else []
        wanted = cko.CERTIFICATE if key == "certificate" else cko.PUBLIC_KEY
        if kind.startswith("sign") == (key == "right"):
            wanted = cko.PRIVATE_KEY if key != "certificate" else wanted
        found = self._find(session, wanted)
        if not found or key == "certificate":
            return (found or [NO_OBJECT])[0], ["KEY_HANDLE_INVALID"]
        return found[0], [] if key == "right" else ["KEY_FUNCTION_NOT_PERMITTED"]

    def _find(self, session: Session, kind: int) -> list[int]:
        """Handles of the card's objects of a class that show."""
        visible = objects.found(session.token, [])
        seen = {name: handle for handle, name in session.token.names.items()}
        shown = [it.name for it in objects.CARD_OBJECTS[session.token.name] if it.kind == kind and it.name in visible]
        if shown and shown[0] not in seen and "search" not in session.operations:
            if not self._search_begin(session, [(0, objects.ulong(kind)), (1, b"\1")]):
                return []
            found = self._search_go_on(session, 20)
            if session.handle in self.world.sessions:
                self._search_end(session)
            return found
        return [seen[name] for name in shown if name in seen]

    # -- operations: how they go on -------------------------------------------------------------------------

    @step(
        in_session,
        4,
        pick=PICKS,
        name=tuple(CALLS),
        data=(*DATA, *DATA, *LONG_DATA, None),
        room=ROOMS,
        signature=SIGNATURES,
    )
    def operation_go_on(self, pick: int, name: str, data: bytes | None, room: str, signature: str) -> None:
        """Any call on any operation."""
        session = self.session(pick)
        self._go_on(session, name, data, room, signature)

    @step(
        in_session,
        24,
        pick=PICKS,
        which=range(8),
        data=(*DATA, *DATA, *LONG_DATA, None),
        room=ROOMS,
        signature=SIGNATURES,
    )
    def operation_go_on_well(self, pick: int, which: int, data: bytes | None, room: str, signature: str) -> None:
        """A call on an operation that there is."""
        session = self.session(pick)
        names = [name for name, (kind, _role) in CALLS.items() if kind in session.operations]
        if names:
            self._go_on(session, names[which % len(names)], data, room, signature)

    @step(in_session, 6, pick=PICKS, data=DATA[1:])
    def sign_now(self, pick: int, data: bytes) -> None:
        """C_Sign with enough room."""
        session = self.session(pick)
        self._go_on(session, "C_Sign", data, "enough", "good")

    def _go_on(self, session: Session, name: str, data: bytes | None, room: str, signature: str) -> None:
        kind, role = CALLS[name]
        operation = session.operations.get(kind, Operation(USES[kind][0]))
        if kind.endswith("messages") and data is not None:
            data = data[:51]
        if name.endswith(WITHOUT_DATA):
            data = b""
        call = Call(name, data, None)
        if kind.startswith("verify") and role.finishes:
            signed = operation.data + (data or b"")
            key_of_card = self.reader.card.store.key(session.token.name)
            call.signature = signature_over(key_of_card, operation.mechanism, signed, signature)
        length = self.operations.output_len(call, operation)
        call.room = {"enough": length + 44, "exact": length, "short": length - 1}.get(room)
        output = Output(call.room)
        outcomes = self.operations.go_on(session, call)
        if role.has_output and room == "nowhere":
            outcomes = self._without_length(session, call)
        taken = operation.data
        rv = self._call(session, call, output, room == "nowhere")
        if self.settle(rv, outcomes, session) and call.role.has_output:
            self._check_output(session, call, operation, taken + (data or b""), output)
        if rv == "BUFFER_TOO_SMALL":
            assert output.length.value == length

    def _without_length(self, session: Session, call: Call) -> dict[str, Any]:
        """A NULL pointer for the length is an error like any other, except where it means that more parts come."""
        if call.name == "C_SignMessageNext last":
            call.name = "C_SignMessageNext more"
            return self.operations.go_on(session, call)
        call.data, call.room = None, 10000
        return self.operations.go_on(session, call)

    def _call(self, session: Session, call: Call, output: Output, is_nowhere: bool) -> str:
        """The C function, with the arguments in its own order."""
        name = call.name.partition(" ")[0]
        data: list[Any] = [call.data or None, 5 if call.data is None else len(call.data)]
        arguments: list[Any] = [None, 0] if "Message" in name and not name.startswith("C_Message") else []
        if name == "C_VerifyRecover":
            arguments += [call.signature, len(call.signature)]
        elif not name.endswith(WITHOUT_DATA):
            arguments += data
        if call.role.has_output:
            arguments += [None, None] if is_nowhere else [output]
        elif call.name == "C_SignMessageNext more":
            arguments += [None, None]
        elif call.name == "C_VerifyMessageNext more":
            arguments += [None, 0]
        elif call.kind in ("verify", "verify-messages") and call.role.finishes:
            arguments += [call.signature, len(call.signature)]
        return self.library.call(name, session.handle, *arguments)

    def _check_output(self, session: Session, call: Call, operation: Operation, data: bytes, output: Output) -> None:
        key = self.keys[session.token.name]
        if call.room is None:
            assert output.length.value == self.operations.output_len(call, operation)
        elif call.kind == "digest":
            digest = hashlib.new(DIGESTS[operation.mechanism], data, usedforsecurity=False)
            assert output.content == digest.digest()
        elif call.kind == "verify-recover":
            assert output.content == signature_block(key, call.signature)
        elif call.kind == "encrypt":
            assert len(output.content) == output.length.value
        else:
            assert is_signature(key, operation.mechanism, data, output.content), "a wrong signature was handed out"

    # -- operations: how they are cancelled -----------------------------------------------------------------

    @step(in_session, pick=PICKS, flags=FLAGS)
    def cancel(self, pick: int, flags: int) -> None:
        """C_SessionCancel."""
        session = self.session(pick)
        outcomes = self.operations.cancel(session, flags)
        self.settle(self.library.call("C_SessionCancel", session.handle, flags), outcomes, session)

    @step(in_session, 1, pick=PICKS)
    def decrypt(self, pick: int) -> None:
        """C_Decrypt, which nothing begins."""
        session = self.session(pick)
        rv = self.library.call("C_Decrypt", session.handle, b"", 0, Output(256))
        self.settle(rv, refusal("OPERATION_NOT_INITIALIZED"), session)
