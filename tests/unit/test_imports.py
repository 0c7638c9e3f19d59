"""No module needs itself by way of others, neither at run time nor in its types."""

from __future__ import annotations

import grimp
import pytest

PACKAGES = ("pyjpki11", "jpki_softcard")


def circles(graph: grimp.ImportGraph) -> list[set[str]]:
    """Modules that import each other, directly or not: what is left when all that import nothing left are taken away,
    and all that nothing left imports."""
    left = set(graph.modules)
    while True:
        ends = {
            module
            for module in left
            if not graph.find_modules_directly_imported_by(module) & left
            or not graph.find_modules_that_directly_import(module) & left
        }
        if not ends:
            return [left] if left else []
        left -= ends


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("leaves_types_out", [True, False], ids=["at run time", "with types"])
def test_no_circles(package: str, leaves_types_out: bool) -> None:
    graph = grimp.build_graph(package, exclude_type_checking_imports=leaves_types_out, cache_dir=None)
    assert len(graph.modules) > 10
    assert circles(graph) == []


def test_a_circle_is_found() -> None:
    graph = grimp.ImportGraph()
    for importer, imported in (("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("e", "a")):
        graph.add_module(importer)
        graph.add_module(imported)
        graph.add_import(importer=importer, imported=imported)
    assert circles(graph) == [{"a", "b", "c"}]
