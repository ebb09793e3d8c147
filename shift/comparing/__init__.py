"""Read the CRM back, and compare every field of every record with what was meant.

It leaves these tables for SQL, in the schema `readback`:

    sent          object, key, id, body: the payload that is meant to stand there, hash (of what a load would send)
    records       object, id, body: what the CRM answered
    files         object, id, field, name, sha256, size_bytes: the files of these records (`shift.filing`)
    differences   object, key, id, field, sent, found, because; field null where the whole record is missing
    fields        object, field, equal, differing, missing: how many records; missing where the CRM shows nothing at all
    rules         object, field, rule, records, key, sent, found: what counts as equal though it is written otherwise,
                  by which rule, and the first example

What is meant is the row as it is staged now, of records that the ledger says are in the CRM. ``because`` tells
differences that are known: *not_sent*, the row has changed since it was last written; *conflict*, somebody edited the
record and the load left it for a person to decide; *edited*, somebody has edited the field since we wrote it, whatever
we wrote beside it later. Where project.yml says ``on_conflict: theirs``, what somebody had written before our last
write and our row was not to replace is what is meant, by the rule *theirs*.

What the CRM adds to a record that we did not send is no difference.
"""

from __future__ import annotations

from shift.comparing.differing import RULES
from shift.comparing.reading import EVERYTHING, PAGE, Scope, ensure_tables, read_back

__all__ = ["EVERYTHING", "PAGE", "RULES", "Scope", "ensure_tables", "read_back"]
