"""Local twins of the services that shift talks to, and a synthetic clinic: for the demo, for rehearsals and for tests.

A twin is reached over HTTP alone, as the real service would be; nothing here knows the rest of shift. Twins share
``serving`` and ``processes``, which run one, and ``faults``.
"""
