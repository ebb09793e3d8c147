"""A twin of Nutshell: one store behind JSON-RPC and REST, held to the payloads and the specification that are known.

__main__, starting        the command line; and ``start()``, a twin in a process of its own
server, state             running it, and keeping its account in a file
app, door                 HTTP in and out, and what stands at the door
rpc, rpc_shapes           JSON-RPC: its methods, and records as it answers them
rest, rest_*              REST likewise: its paths, its calls on people and companies, on leads and on the rest
writing, leads, files     what the calls that write do, for both; and the files of leads
store, records, values    what an account is, and what its fields take
behaviour                 what nobody outside knows for certain, as switches
errors                    what is refused, and in which words
"""

from shift.sandbox.nutshell.starting import prepared, start

__all__ = ["prepared", "start"]
