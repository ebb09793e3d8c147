"""The API's example payloads (contracts/cliniko) as CSVs made from the API: one file a resource."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from clinics import ROOT, write_exports

CONTRACTS = ROOT / "tests" / "python" / "contracts" / "cliniko"
API_COLUMNS: dict[str, list[str]] = json.loads((CONTRACTS / "api_csv.json").read_text(encoding="utf-8"))


def write_api_examples(folder: Path) -> Path:
    """Write them all to a folder."""
    files = {}
    for kind, columns in API_COLUMNS.items():
        records: dict[str, dict[str, Any]] = {}
        for name in (kind, f"{kind}_archived", f"{kind}_cancelled"):
            path = CONTRACTS / f"{name}.json"
            if path.exists():
                payload = json.loads(path.read_text(encoding="utf-8"))
                records |= {record["id"]: record for record in payload[kind]}
        files[f"{kind}.csv"] = [{column: _cell(record, column) for column in columns} for record in records.values()]
    return write_exports(folder, files)


def _cell(record: dict[str, Any], column: str) -> str:
    """A value of an API record as it stands in a CSV: links as ids, nested values as JSON."""
    value = record.get(column)
    if column not in record and column.endswith("_id") and (link := record.get(column.removesuffix("_id"))):
        return str(link["links"]["self"].rsplit("/", 1)[-1])
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
