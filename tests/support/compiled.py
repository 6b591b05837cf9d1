"""What is compiled once in a process, and not for each test's line: SQL, the pages' templates, the addresses.

SQLAlchemy keeps what it compiled for an engine, and each test has engines of its own. Here all engines share it: to the
cache, dialects of a kind with the same data keys are the same one. What an engine asks a PostgreSQL server at its first
connection, its version above all, is shared too. Jinja keeps templates, and Werkzeug what it makes of an address, for
an application; each test has one of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy

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
PLAIN = (bool, int, str, tuple)


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
        patch.setattr(Rule, "compile", _parsing_once(Rule.compile))
        patch.setattr(PGDialect_psycopg, "initialize", _asking_once(PGDialect_psycopg.initialize))
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


def _parsing_once(compile_rule):
    """What is made of a rule's text, with the same converters; each rule has converters that know its own map."""
    parsed = {}

    def compiled(rule):
        if rule.map.host_matching or rule.subdomain:
            return compile_rule(rule)
        text = (rule.rule, rule.merge_slashes, frozenset(rule.map.converters.items()))
        if text not in parsed:
            compile_rule(rule)
            parsed[text] = (rule._parts, rule._trace, rule._converters)
            return None
        rule._parts, rule._trace, converters = parsed[text]
        rule._converters = {name: copy(converter) for name, converter in converters.items()}
        for converter in rule._converters.values():
            converter.map = rule.map
        rule.arguments.update(rule._converters)
        rule._build = rule._compile_builder(False).__get__(rule, None)
        rule._build_unknown = rule._compile_builder(True).__get__(rule, None)
        return None

    return compiled


def _asking_once(initialize):
    """What a dialect learned of the server, which are plain values; all servers of a run are alike."""
    learned = {}

    def initialized(dialect, connection):
        if not learned:
            before = dict(vars(dialect))
            initialize(dialect, connection)
            after = {name: value for name, value in vars(dialect).items() if isinstance(value, PLAIN)}
            learned.update((name, value) for name, value in after.items() if before.get(name) != value)
        vars(dialect).update(learned)

    return initialized


def _is_alike(one, other):
    return type(one) is type(other) and _keys_of(one) == _keys_of(other)


def _keys_of(dialect):
    vault = getattr(dialect, "ivr_vault", None)
    return vault and vault.fingerprints
