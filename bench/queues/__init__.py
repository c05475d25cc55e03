"""Docket's queue measured against itself and against other queues: `make bench-queue`."""
