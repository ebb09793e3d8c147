"""A twin of Twenty 2.21: what a loader meets there, held to exchanges recorded from a real one.

__main__, starting          the command line; and ``start()``, a twin in a process of its own
server, state               running it, and keeping its workspace in a file
app, keys, limits, faults   HTTP in and out, and what stands at the door
rest, metadata_rest         the calls of REST
graphql_door, graphql_records, graphql_metadata     those of GraphQL
records, listing, filters, files, workflow          what the calls on records do
metadata, metadata_checks                           what those on the data model do
values, composites, phones, rich_text               what fields take, and what is stored
workspace, table, schema, standard, fresh           what a workspace is, and holds at first
errors                      what is refused, and in which words
"""

from shift.sandbox.twenty.starting import prepared, start

__all__ = ["prepared", "start"]
