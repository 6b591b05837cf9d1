"""What is compiled once in a process, and not for each test's line: SQL, the pages' templates, the addresses.

SQLAlchemy keeps what it compiled for an engine, and each test has engines of its own. Here all engines share it: to the
cache, dialects of a kind with the same data keys are the same one. Jinja keeps templates, and Werkzeug the parts of an
address and the code that builds it, for an application; each test has one of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from jinja2 import BytecodeCache
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

import ivr.db

DIALECTS = (PGDialect_psycopg, SQLiteDialect_pysqlite)
MOST_STATEMENTS = 2000


@contextmanager
def compiling_once() -> Iterator[None]:
    """Let every line use what was compiled for the first one."""
    compiled, make_engine = LRUCache(MOST_STATEMENTS), ivr.db._engine

    def engine(url):
        made = make_engine(url)
        made.update_execution_options(compiled_cache=compiled)
        return made

    with pytest.MonkeyPatch.context() as patch:
        for dialect in DIALECTS:
            patch.setattr(dialect, "__hash__", lambda self: hash(type(self)))
            patch.setattr(dialect, "__eq__", _is_alike)
        patch.setattr("ivr.db._engine", engine)
        patch.setitem(Flask.jinja_options, "bytecode_cache", Templates())
        patch.setattr(Rule, "_compile_builder", _building_once(Rule._compile_builder))
        patch.setattr(Rule, "_parse_rule", _parsing_once(Rule._parse_rule))
        yield


class Templates(BytecodeCache):
    """Compiled templates in this process's memory, by name and content: Jinja's own way to share them."""

    def __init__(self):
        self._code = {}

    def load_bytecode(self, bucket):
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket):
        self._code[bucket.key, bucket.checksum] = bucket.code


def _building_once(compile_builder):
    """The code that builds a rule's addresses; without defaults it is made of the rule's text alone."""
    made = {}

    def compiled(rule, append_unknown=True):
        if rule.defaults:
            return compile_builder(rule, append_unknown)
        text = (rule.rule, *rule._trace, append_unknown)
        if text not in made:
            made[text] = compile_builder(rule, append_unknown)
        return made[text]

    return compiled


def _parsing_once(parse_rule):
    """A rule's parts, by its text and the kinds of converters there are; converters have nothing of their application."""
    made = {}

    def parsed(rule, text):
        of = (text, *rule.map.converters.values())
        if of not in made:
            trace, converters = len(rule._trace), set(rule._converters)
            parts = list(parse_rule(rule, text))
            new = {name: one for name, one in rule._converters.items() if name not in converters}
            made[of] = parts, rule._trace[trace:], new
            return parts
        parts, trace, converters = made[of]
        rule._trace += trace
        rule._converters.update(converters)
        rule.arguments.update(converters)
        return parts

    return parsed


def _is_alike(one, other):
    return type(one) is type(other) and _keys_of(one) == _keys_of(other)


def _keys_of(dialect):
    vault = getattr(dialect, "ivr_vault", None)
    return vault and vault.fingerprints
