"""The documents are true: what they name is there, and what they tell of it is so. No database, no audio, no network."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from ivr import config
from ivr.callflow import overview
from ivr.callflow.layout import behind
from ivr.callflow.tree import build
from ivr.callflow.tree_staff import ENTRANCE
from ivr.cli import main
from ivr.config import ROOT
from tests.support.documents import anchors_of, prose_of, rows_of, section_of, text_of

README_BYTES = 10 * 1024
LANGUAGES = ("en-US", "es-US")
TREE = build(LANGUAGES, lambda digits: f"+1{digits}")

TOP = ("ivr", "tests", "prompts")
TEXTS = {".py", ".md", ".toml", ".sh", ".txt", ".js", ".html", ".css"}
OTHERS = (".ci/run", ".env.example", "Procfile", "pyproject.toml", "requirements.txt", "wsgi.py")
DESIGN = re.compile(r"\b(CALLFLOW|CONTENT|STYLE|ARCHITECTURE|TWILIO)\b(?!_)")
"""Documents from which the line was built, and which are not part of the project."""

NOT_THERE_YET = {"prompts/ht.toml"}
"""What a document tells its reader to make."""

OWN = Path(__file__).relative_to(ROOT).as_posix()


def _files() -> Iterator[str]:
    yield from OTHERS
    yield from (path.name for path in ROOT.glob("*.md"))
    for top in TOP:
        yield from (path.relative_to(ROOT).as_posix() for path in (ROOT / top).rglob("*") if path.suffix in TEXTS)


FILES = sorted(_files())
DOCUMENTS = [name for name in FILES if name.endswith(".md")]


# ---- Names and links


def test_every_document_that_is_named_is_there() -> None:
    """With its anchor, if one is named; in code by its path from the project's root."""
    assert [fault for name in FILES if name != OWN for fault in _absent(name)] == []


def _absent(name: str) -> Iterator[str]:
    for path, anchor in re.findall(r"([\w./-]*\w\.md)\b(?:#([\w-]+))?", text_of(name)):
        beside = ((ROOT / name).parent / path).resolve()
        found = beside if name.endswith(".md") and beside.is_file() else ROOT / path
        if not found.is_file() or (anchor and anchor not in anchors_of(found.relative_to(ROOT).as_posix())):
            yield f"{name} names {path}#{anchor}"
    yield from (f"{name} cites {design}, which is not in the project" for design in DESIGN.findall(text_of(name)))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_leads_somewhere(name: str) -> None:
    """To a file or folder of the project, and to a heading of it; what is on the web is not asked."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose_of(name)):
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        found = ((ROOT / name).parent / path).resolve() if path else ROOT / name
        assert found.exists(), f"{name} links to {target}"
        assert not anchor or anchor in anchors_of(found.relative_to(ROOT).as_posix()), f"{name} links to {target}"


def test_every_document_is_reached_from_the_first() -> None:
    """A page that nothing links to is read by nobody."""
    reached, waiting = {"README.md"}, ["README.md"]
    while waiting:
        name = waiting.pop()
        targets = re.findall(r"\]\(([^)#\s]+\.md)", prose_of(name))
        found = {((ROOT / name).parent / target).resolve().relative_to(ROOT).as_posix() for target in targets}
        waiting += found - reached
        reached |= found
    assert reached == set(DOCUMENTS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_path_is_there(name: str) -> None:
    """Files and folders, as they are written between backticks."""
    for path in re.findall(rf"`((?:{'|'.join(TOP)})/[\w./-]*)", prose_of(name)):
        assert path in NOT_THERE_YET or (ROOT / path.rstrip(".")).exists(), f"{name} names {path}"


def test_modules_that_code_cites_are_there() -> None:
    """Such as `services/calls/consulting`, with or without what is behind a dot."""
    cited = re.compile(r"`(?:ivr/)?((?:services|callflow|voice|console|jobs|models)/[\w/]+)")
    code = [name for name in FILES if name.startswith("ivr/") and name.endswith(".py")]
    found = [(name, ROOT / "ivr" / path) for name in code for path in cited.findall(text_of(name))]
    assert [(name, path) for name, path in found if not path.is_dir() and not path.with_suffix(".py").is_file()] == []


@cache
def names_in(path: str) -> frozenset[str]:
    """The functions, classes and constants that a module defines, nested ones too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text_of(path))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}
    return frozenset(found)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_function_is_there(name: str) -> None:
    """`file:function`, and constants likewise."""
    found = re.findall(r"`([\w./]+\.py):(\w+)`", text_of(name))
    assert len(found) > 30 or name != "ivr/README.md"
    assert [f"{path}:{function}" for path, function in found if function not in names_in(path)] == []


def test_the_map_names_every_room() -> None:
    """Each file and folder of ivr/ and of its services, and nothing else."""
    rows = rows_of(section_of("ivr/README.md", "The rooms"))
    named = {name.rstrip("/") for cells in rows for name in re.findall(r"`([^`]+)`", cells[0])}
    left_out = {"README.md", "__main__.py", "__pycache__", "__init__.py"}
    there = {path.name for path in (ROOT / "ivr").iterdir()} - left_out | {"__init__.py"}
    there |= {f"services/{path.name}" for path in (ROOT / "ivr" / "services").iterdir() if path.name not in left_out}
    assert named == there


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_rows_of_a_table_have_the_columns_of_its_head(name: str) -> None:
    """A row with too many loses words on the page; one with too few is half of another."""
    lines = text_of(name).split("\n")
    head, wrong = 0, []
    for number, line in enumerate(lines, 1):
        columns = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        if columns and head and columns != head:
            wrong.append(f"{name}:{number}")
        head = columns and (head or columns)
    assert wrong == []


def test_what_is_wrong_is_fixed() -> None:
    """One word for it wherever a reader sees it."""
    seen = [name for name in FILES if name.endswith((".md", ".html"))]
    assert [name for name in seen if re.search(r"\bmend(?:s|ed|ing)?\b", text_of(name), re.IGNORECASE)] == []


# ---- The first page


def test_the_first_page_is_short() -> None:
    """It is read in a few minutes."""
    assert len((ROOT / "README.md").read_bytes()) <= README_BYTES


def test_the_picture_is_todays_tree() -> None:
    """It is drawn by the command that the page names."""
    drawn = overview.as_overview(TREE, without=behind(TREE, ENTRANCE))
    command = f"python -m ivr tree --languages {','.join(LANGUAGES)} --write README.md"
    assert overview.insert(text_of("README.md"), drawn) == text_of("README.md"), f"run {command}"
    assert command in text_of("README.md")


def test_the_call_is_a_golden_one() -> None:
    """Word for word, without the waits."""
    golden = re.sub(r"^line    waits .*\n", "", text_of("tests/calls/callback.txt"), flags=re.MULTILINE)
    block = re.search(r"^```text\n(.*?)^```", section_of("README.md", "A call"), re.MULTILINE | re.DOTALL)
    assert block
    assert " ".join(block[1].split()) in " ".join(golden.split())


# ---- Settings and commands


def settings_read() -> dict[str, str | None]:
    """Each setting that the line reads, with its default; None: it is required."""
    found: dict[str, str | None] = {}
    for node in ast.walk(ast.parse(text_of("ivr/config.py"))):
        match node:
            case ast.Call(func=ast.Attribute(attr="required"), args=[ast.Constant(value=str(name)), *_]):
                found[name] = None
            case ast.Call(func=ast.Attribute(attr="optional"), args=[ast.Constant(value=str(name)), default, *_]):
                found[name] = _default(default)
    return found


def _default(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.Name(id=name):
            return str(getattr(config, name))
        case ast.Call(args=[ast.Constant(value=str(setting)), *_]):
            return setting
    pytest.fail(f"a default that this test cannot read: {ast.dump(node)}")


def test_every_setting_is_told_with_its_default() -> None:
    """All that are read, and none besides."""
    rows = [cells for cells in rows_of(section_of("ivr/docs/settings.md", "The line's own")) if cells[0] != "Setting"]
    told = {cells[0].strip("`"): cells[1] for cells in rows}
    read = settings_read()
    assert set(told) == set(read)
    for name, default in read.items():
        if default == "":
            assert "`" not in told[name], name
        else:
            assert told[name] == ("**required**" if default is None else f"`{default}`"), name


DEMO_ONLY = {"TWILIO_API_URL", "IVR_DEMO"}


def test_the_example_has_every_setting() -> None:
    """The required ones to be filled in, the others with their defaults; two are the demo's alone."""
    lines = re.findall(r"^(#?)([A-Z_]+)=(.*)$", text_of(".env.example"), re.MULTILINE)
    read = settings_read()
    assert {name for _, name, _ in lines} == set(read) - DEMO_ONLY
    assert {name for mark, name, _ in lines if not mark} == {name for name, default in read.items() if default is None}
    defaults = {name: default for name, default in read.items() if default and name != "STAFF_URL"}
    assert {name: value for _, name, value in lines if name in defaults} == {
        name: default for name, default in defaults.items() if name not in DEMO_ONLY
    }


def commands_in(text: str) -> Iterator[list[str]]:
    """The words of each command of the line's that a text names; what is quoted is one word."""
    for line in re.findall(r"-m ivr([^`\n#&|>')]*)", text):
        yield [word.rstrip(".,:;") for word in re.sub(r'"[^"]*"', "quoted", line).split()]


def fault_of(words: list[str]) -> str:
    """What is wrong with a command, or nothing."""
    command: click.Command = main
    for word in words:
        if word.startswith("-"):
            known = {name for option in command.params for name in option.opts} | {"-h", "--help"}
            if word not in known:
                return f"{command.name} has no option {word}"
        elif isinstance(command, click.Group):
            if word not in command.commands:
                return f"{command.name or 'ivr'} has no command {word}"
            command = command.commands[word]
    is_whole = not words or not isinstance(command, click.Group) or command.invoke_without_command
    return "" if is_whole else f"{command.name} wants a command"


@pytest.mark.parametrize("name", [*DOCUMENTS, ".ci/run", ".env.example", "Procfile"])
def test_every_command_is_there(name: str) -> None:
    """With its options, as the commands themselves know them."""
    found = list(commands_in(text_of(name)))
    assert len(found) > 30 or name != "ivr/docs/operating.md"
    assert [(words, fault_of(words)) for words in found if fault_of(words)] == []


@pytest.mark.parametrize("words", ["nothing", "tree --nothing", "staff nothing", "keys"])
def test_a_command_that_is_not_there_is_found(words: str) -> None:
    """So that the test above can fail."""
    assert fault_of(words.split())
