"""Objects. Spec: PKCS#11 v3.1 5.7"""

from __future__ import annotations

from pyjpki11.boundary.entry import module
from pyjpki11.boundary.marshal import fill_template, require, take_template
from pyjpki11.provider.steps import FIND, FIND_FINAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def C_GetAttributeValue(hSession: int, hObject: int, pTemplate: Any, ulCount: int) -> None:
    found = module().session(hSession).object(hObject)
    fill_template(pTemplate, ulCount, found.value)


def C_CreateObject(hSession: int, pTemplate: Any, ulCount: int, phObject: Any) -> None:
    session = module().session(hSession)
    require(phObject)
    phObject[0] = session.create_object(take_template(pTemplate, ulCount))


def C_CopyObject(hSession: int, hObject: int, pTemplate: Any, ulCount: int, phNewObject: Any) -> None:
    session = module().session(hSession)
    require(phNewObject)
    phNewObject[0] = session.copy_object(hObject, take_template(pTemplate, ulCount))


def C_DestroyObject(hSession: int, hObject: int) -> None:
    module().session(hSession).destroy_object(hObject)


def C_GetObjectSize(hSession: int, hObject: int, pulSize: Any) -> None:
    found = module().session(hSession).object(hObject)
    require(pulSize)
    pulSize[0] = found.size()


def C_SetAttributeValue(hSession: int, hObject: int, pTemplate: Any, ulCount: int) -> None:
    session = module().session(hSession)
    require(pTemplate)
    session.change_object(hObject, take_template(pTemplate, ulCount))


def C_FindObjectsInit(hSession: int, pTemplate: Any, ulCount: int) -> None:
    session = module().session(hSession)
    session.start_search(take_template(pTemplate, ulCount))


def C_FindObjects(hSession: int, phObject: Any, ulMaxObjectCount: int, pulObjectCount: Any) -> None:
    session = module().session(hSession)
    require(phObject, pulObjectCount)
    with session.step(FIND) as search:
        found = search.take(ulMaxObjectCount)
    for i, handle in enumerate(found):
        phObject[i] = handle
    pulObjectCount[0] = len(found)


def C_FindObjectsFinal(hSession: int) -> None:
    with module().session(hSession).step(FIND_FINAL):
        pass  # it leads to the end
