"""Language models as a governed engine: asked from the worker, since budget, cache and the
record of each call are rows of the database.

    base.py        the values that go in and come out
    calls.py       ask(): cache, budget, place, request, record
"""
