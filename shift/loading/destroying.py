"""The life of a destruction: intent, call, outcome. What is gone is done, so a lost answer is asked for again.

destroyed            → *deleted*
refused              → halved until a record stands alone, which stays, for the reason that the CRM gives
stop, or too often   → *refused*, since nothing was done; where the answer is lost for good, the next run looks
"""

from __future__ import annotations

from collections.abc import Sequence

from shift.destination import Record
from shift.errors import Again, Refused, Stop
from shift.ledger import Intent, Settled, Status
from shift.loading.patience import Stopped
from shift.loading.writer import Writer


def destroy(
    writer: Writer, object: str, going: Sequence[tuple[str, Record]], *, stays: Status, before: bool = True
) -> list[tuple[str, str]]:
    """Destroy the records of one call, each with its key. Those that stay, in the CRM's words, are noted as ``stays``.

    ``before``: the intent holds the whole record as it was. Raises Stop for a CRM that takes nothing from us, Again for
    one that does not answer, and Stopped.
    """
    if not going:
        return []
    numbers = writer.ledger.intend(
        [Intent("delete", object, key, one.id, "", before=one.body if before else None) for key, one in going]
    )
    try:
        writer.patience.read(writer.destination.delete, object, [record for _, record in going])
    except Refused as error:
        if len(going) == 1:
            [(key, record)] = going
            writer.ledger.settle([Settled(numbers[0], stays, record.id, error.message)])
            return [(key, error.message)]
        writer.ledger.settle(Settled(number, "refused", message=error.message) for number in numbers)
        middle = len(going) // 2
        halves = (going[:middle], going[middle:])
        return [one for half in halves for one in destroy(writer, object, half, stays=stays, before=before)]
    except (Again, Stop, Stopped) as error:
        if not (isinstance(error, Again) and error.arrived):
            writer.ledger.settle(Settled(number, "refused", message=str(error) or "never sent") for number in numbers)
        raise
    writer.ledger.settle(
        Settled(number, "deleted", record.id) for number, (_, record) in zip(numbers, going, strict=True)
    )
    return []
