"""The synthetic clinic, as dirty as real ones are: what the models make of its files is what is true of it."""

from __future__ import annotations

from typing import Any

import pytest
from clinics import Built, build, copy_project

from shift.sandbox.clinic import make

UNTRUE = {
    "a patient is missing": """
        select patient_id from truth.patients anti join cliniko.patients using (patient_id)
    """,
    "a name, a birth date or a consent": """
        select told.patient_id
        from truth.patients as told
        join cliniko.patients as found using (patient_id)
        where (told.first_name, told.last_name, told.birth_date, told.email_marketing, told.sms_marketing)
            is distinct from
            (found.first_name, found.last_name, found.date_of_birth, found.email_marketing, found.sms_marketing)
    """,
    "who keeps a shared address": """
        select told.patient_id
        from truth.patients as told
        join twenty.person as found on told.patient_id = found._patient_id
        where case when told.email_holder = told.patient_id then told.email end
            is distinct from found.emails.primaryEmail
    """,
    "a phone number": """
        select told.patient_id
        from (select patient_id, unnest(phones) as phone from truth.patients) as told
        left join cliniko.patient_contacts as found
            on told.patient_id = found.patient_id
            and found.value is not distinct from told.phone.e164
            and (told.phone.e164 is not null or found.as_written = told.phone.as_written)
        where found.patient_id is null
    """,
    "where somebody lives": """
        select told.patient_id
        from truth.patients as told
        join twenty.person as found on told.patient_id = found._patient_id
        where told.home_address.address_1 is distinct from found.homeAddress.addressStreet1
            or told.home_address.city is distinct from found.homeAddress.addressCity
            or (told.second_address is null) != (found.mailingAddress2 is null)
    """,
    "who pays": """
        select told.patient_id
        from truth.patients as told
        join twenty.person as found on told.patient_id = found._patient_id
        left join twenty.company as payer on found.companyId = payer.id
        where told.payer is distinct from payer.name
    """,
    "what somebody owes": """
        select told.patient_id
        from truth.patients as told
        join twenty.person as found on told.patient_id = found._patient_id
        where told.balance_due * 1000000 != coalesce(found.balanceDue.amountMicros, 0)
    """,
    "a visit": """
        select told.appointment_id
        from truth.attendances as told
        full join (select * from cliniko.attendances where excluded_by is null) as found
            using (appointment_id, patient_id)
        left join twenty.task on found.attendance_id = task._attendance_id
        where (
                told.status, told.arrival_recorded, told.practitioner_id, told.appointment_type, told.business,
                told.starts_at, told.ends_at, told.created_at, told.updated_at
            ) is distinct from (
                found.status, found.is_arrival_recorded, found.practitioner_id, found.appointment_type_name,
                found.location, task.startAt, task.endAt, task.clinikoCreatedAt, task.clinikoUpdatedAt
            )
    """,
    "a note's draft": """
        select told.note_id
        from truth.treatment_notes as told
        left join cliniko.treatment_notes as found on told.note_id = found.treatment_note_id
        where told.draft is distinct from coalesce(found.excluded_by = 'draft', false)
    """,
    "an answer": """
        select note_id
        from (select note_id, unnest(answers) as answer from truth.treatment_notes) as told
        join cliniko.treatment_notes as found on told.note_id = found.treatment_note_id
        where len(told.answer.texts) > 0
            and not coalesce(
                contains(found.body, coalesce(told.answer.section, ''))
                and contains(found.body, told.answer.question)
                and list_bool_and(list_transform(told.answer.texts, lambda text: contains(found.body, text))),
                false
            )
    """,
    "an invoice": """
        select told.invoice_id
        from truth.invoices as told
        left join cliniko.invoices as found using (invoice_id)
        left join cliniko.invoice_balances as balances using (invoice_id)
        where (told.patient_id, told.issue_date, told.total, told.tax, told.outstanding, told.outstanding, told.status)
            is distinct from (
                found.patient_id, found.issue_date, found.total, found.tax, balances.outstanding,
                balances.outstanding_computed, balances.status
            )
    """,
    "a line": """
        select told.invoice_item_id
        from truth.invoice_items as told
        left join cliniko.invoice_items as found using (invoice_item_id)
        where (told.invoice_id, told.quantity, told.unit_price, told.total)
            is distinct from (found.invoice_id, found.quantity, found.unit_price, found.total)
            or found.product_id is null
    """,
    "what a payment paid": """
        from truth.allocations select payment_id, invoice_id, amount
        except
        from cliniko.payment_allocations select payment_id, invoice_id, amount
    """,
    "a company": """
        select told.name
        from truth.companies as told
        left join cliniko.companies as found on list_contains(found.contact_ids, told.contact_ids[1])
        where list_sort(told.contact_ids) is distinct from list_sort(found.contact_ids)
    """,
    "a file": """
        select told.attachment_id
        from truth.attachments as told
        left join cliniko.attachments as found using (attachment_id)
        where (told.patient_id, told.file, told.size) is distinct from (found.patient_id, found.path, found.size_bytes)
    """,
    "a custom field of a visit": """
        select told.appointment_id
        from truth.appointment_custom_fields as told
        left join cliniko.appointment_custom_fields as found
            on told.appointment_id = found.appointment_id
            and told.patient_id = found.patient_id
            and told.field = found.label
        where trim(told.value) is distinct from found.value
    """,
    "what counts as now": """
        select clinic.as_of
        from truth.clinic
        cross join cliniko.as_of as found
        where clinic.as_of::timestamptz != found.as_of
    """,
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("clinic")
    truth = make(folder / "exports", patients=150, seed=7).database.rename(folder / "truth.duckdb")
    clinic: Built = build(copy_project(tmp_path_factory.mktemp("project")), folder / "exports")
    clinic.connection.execute(f"attach '{truth.as_posix()}' as truth (read_only)")
    yield clinic
    clinic.connection.close()


def test_every_model_builds_and_every_test_passes(built: Built) -> None:
    assert built.broken == []


@pytest.mark.parametrize("question", UNTRUE)
def test_nothing_is_untrue_of(built: Built, question: str) -> None:
    assert built.rows(UNTRUE[question]) == []
