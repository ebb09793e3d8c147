"""What a project's models tell a plan beside its staging tables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shift.graph import Graph
from shift.planning.values import Beside

# Such as `enabled: "{{ var('invoice_lines') == 'object' }}"`.
_SWITCH = re.compile(r"""var\(\s*['"](\w+)['"]\s*\)\s*==\s*['"]([^'"]+)['"]""")


def beside(graph: Graph) -> Beside:
    """The models that are known by their names, and the settings that leave an object out."""
    loader = graph.project.destination.loader

    def relation(name: str) -> str | None:
        model = graph.models.get(f"{loader}__{name}")
        return model.relation if model else None

    return Beside(
        gone=relation("gone"),
        losses=relation("losses"),
        owners=relation("owners"),
        switches=tuple(sorted(_switches(graph))),
    )


def _switches(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """(setting, other choice, object) of each object that is there by one choice of a setting."""
    for model in graph.models.values():
        enabled = model.described.properties.config.enabled if model.described else True
        if model.load is None or not (found := _SWITCH.search(str(enabled))):
            continue
        setting, chosen = found.groups()
        declared = graph.project.declarations.get(setting)
        for other in declared.choices if declared else []:
            if other != chosen:
                yield setting, other, model.load.object
