"""Which columns of the exports feed which field of the CRM, and the other way: read from the models' SQL by sqlglot.

Nothing is built or run. Which columns a pivot gives stands in the data alone: they are one column, ``FURTHER``. A
setting is told where its text goes into a value; one that switches SQL on and off is not.
"""

from shift.lineage.tracing import FURTHER, ROWS, Ends, Lineage, TracedColumn, trace

__all__ = ["FURTHER", "ROWS", "Ends", "Lineage", "TracedColumn", "trace"]
