"""What every program of the line loads, in the process that programs are forked from: tests/support/programs.py.

Importing the line does nothing but define it (tests/test_importing.py), so that a program cannot tell who imported it.
gunicorn is not here, nor what imports it: as it is loaded it keeps the folder it is in, and reads the environment.
"""

import gc

import dbos  # noqa: F401
import flask_limiter  # noqa: F401
import psycopg  # noqa: F401
import sqlalchemy.dialects.postgresql.psycopg
import sqlalchemy.dialects.sqlite
import sqlalchemy.orm
import twilio.rest  # noqa: F401

import ivr.cli
import ivr.jobs.worker  # noqa: F401

sqlalchemy.orm.configure_mappers()
gc.freeze()  # what is loaded stays: no program looks through it for garbage, or copies its memory by doing so
