"""Files → `raw` tables: every export as it really is, nothing dropped in silence.

land         one landing, from folder to tables
files        which files are there, zip and gzip unpacked, and what those are that are no CSV
encoding     UTF-8, UTF-16 or Windows-1252
dialect      where the header stands, the delimiter, the line ends
headers      which export a file is, and which header is which column
reading      one recognised file into its table
grammar      what a record is, to the byte
census       the records counted by bytes alone: what DuckDB reads must come to the same sum
mending      the files where it does not: what can be read is written anew, the rest is told
attachments  patients' own files, beside the exports
tables       the SQL of the `raw` schema
comparing    whether the folder still holds what was landed
result       what was found
"""

from shift.landing.comparing import not_landed
from shift.landing.land import land
from shift.landing.result import LandedColumn, LandedFile, Landing

__all__ = ["LandedColumn", "LandedFile", "Landing", "land", "not_landed"]
