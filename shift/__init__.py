"""shift: a small dbt for one migration, from a clinic's exports to a CRM.

Exports land as DuckDB tables, SQL reshapes them into one table per object of the CRM, and a thin loader posts those
tables in the order that their relations demand. The rooms, and the one job of each:

    cli           the commands, a line each; commands/ holds a thin module for each: parse, call, print
    project       project.yml and the YAML beside the models, as typed values
    strict_yaml   YAML that is checked to the letter: an error names file, line and the nearest known word
    landing       files → `raw` tables; nothing dropped in silence
    templating    Jinja, sandboxed: ref, source, var, env_var, config, macros
    functions     SQL functions that DuckDB lacks: phones, e-mails, HTML to Markdown
    graph         models, sources and tests as one graph; selectors; the load order
    building      run models and tests, in order, with results
    lineage       which source column feeds which field of the CRM, read from the models' SQL
    sql_errors    DuckDB's error about a compiled text, told of the file that a person edits
    auditing      the scope of the migration, before anything moves: the sections of models/audit/
    destination   the protocol that a loader implements, and the typed values that pass through it
    connecting    finds a project's loader, and gives it its settings and its client
    pulling       what the CRM holds → `destination` tables
    owning        who takes over from each practitioner
    staging       what planning and loading are told of a staging table
    payloads      a staging table's rows → JSON and its hash
    findings      what there is to know before a load, as a value
    sampling      a few patients with all that hangs on them, and all that these records hang on
    preconditions what stands before a load: the tests in tests/plan/, and the last build
    asking        what a key may do, and what would wake up, before a load or a rollback
    pausing       automations of the CRM: stopped for a load, and started again
    planning      staging against ledger and destination: create, update, unchanged, blocked
    saved_plan    a plan in a file, and whether it is still true
    provisioning  the fields and objects that the CRM must have first
    loading       carry out a plan: batches, pace, retries, resume
    undoing       carry out a rollback, and prove it
    ledger        runs, intents, outcomes, snapshots: the only writer of the ledger file
    standing      records that are not in the CRM, or not as meant, and why
    comparing     read back, field by field
    filing        the files of records, read back by their hash
    moving        plan, load and read-back from end to end, for the commands
    reconciling   the tests in tests/reconciliation/ as a report: promises, figures, exceptions
    handover      what has no place in the CRM, as files
    http          one HTTP client: pace, time-outs, redaction
    database      the one way to open DuckDB
    errors        what can go wrong, sorted by who must act
    wording       numbers in sentences
    invocation    how this program was called, so that messages name commands that work when pasted
    starter       where the starter project lies, and a copy of it for a new clinic
    sandbox/      local twins of CRMs and a synthetic clinic; reached over HTTP and files alone
"""

__version__ = "0.1.0"
