"""What a patient has answered so far, and which question comes next: the call tree's, in its order, and a few more.

Pure: the tree's menus, entries and forks say what is asked after which answer, so that both doors ask the same. What
is kept here alone is the number, in the patient's own words what it is about, and for whom and in which language.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

from ivr.callflow.answers import Draft
from ivr.callflow.nodes import Choice, Consult, Entry, Exit, Fork, Menu, Notice, On, Tree
from ivr.callflow.tree_questions import QUESTIONS

ASK, NUMBER, WHOM, NAME, SPEAK, TOLD, CHECK = "ask", "number", "whom", "name", "speak", "told", "check"
URGENT = "urgent"
"""The page that tells whoever has a warning sign what to do until we call."""

LAST = "offer_message"
"""Where the tree's questions end: instead of a voice message there are a name and a sentence here."""

CHECKS = "check_"
"""How the menus are called that read back what was keyed: a page shows it anyway."""


@dataclass(frozen=True, slots=True)
class Form:
    """The answers so far, and the names of the steps that were `answered`; `token` is the form's own secret.

    `sent`: it was saved, and the answers are forgotten. `begun_at` is in seconds since 1970.
    """

    token: str = ""
    begun_at: int = 0
    answered: tuple[str, ...] = ()
    draft: Draft = Draft()
    name: str = ""
    told: str = ""
    for_someone_else: bool | None = None
    speaks: str = ""
    needs_interpreter: bool | None = None
    interpreter_language: str = ""
    sent: bool = False

    def answer(self, step: str) -> Form:
        """The same, with a step answered."""
        return self if step in self.answered else replace(self, answered=(*self.answered, step))


def steps(tree: Tree, form: Form) -> tuple[str, ...]:
    """The steps up to the first that is not answered; `CHECK` stands at the end of a form that can be sent."""
    found: list[str] = []
    for step in _all(tree, form):
        found.append(step)
        if step not in form.answered:
            break
    return tuple(found)


def notices_before(tree: Tree, step: str) -> tuple[str, ...]:
    """The tree's notices that are heard on the way to a question: the page shows them above it."""
    return tuple(node.name for node in tree.nodes.values() if isinstance(node, Notice) and node.to == step)


def choices(tree: Tree, step: str) -> tuple[Choice, ...]:
    """What can be chosen at a step of the tree; what is asked for at the first one."""
    node = tree.nodes.get("main" if step == ASK else step)
    offered = node.choices if isinstance(node, Menu) else ()
    return tuple(choice for choice in offered if choice.kind or choice.answers)


def chosen(tree: Tree, form: Form, step: str) -> Choice | None:
    """The choice that was made at a step, if it was answered."""
    if step not in form.answered:
        return None
    return next((choice for choice in choices(tree, step) if _was(form.draft, choice)), None)


def choose(form: Form, step: str, choice: Choice) -> Form:
    """The form with that choice made."""
    draft = replace(form.draft, kind=choice.kind or form.draft.kind, **choice.answers)
    return replace(form, draft=draft).answer(step)


def told(tree: Tree, form: Form) -> Draft:
    """The answers that belong to what is asked for now: those of a way that was left again are no part of it."""
    path = set(steps(tree, form))
    kept = {name: getattr(form.draft, name) for name in ("kind", "callback_number")}
    for step in path - {CHECK, URGENT}:
        if step in tree.nodes and isinstance(node := tree[step], Entry):
            kept[node.holds.value] = getattr(form.draft, node.holds.value, None)
        elif choice := chosen(tree, form, step):
            kept |= dict(choice.answers)
    names = {one.name for one in fields(Draft)}
    return Draft(**{name: value for name, value in kept.items() if name in names})


def _all(tree: Tree, form: Form) -> Iterator[str]:
    """Every step of this form's way, as far as its answers tell it."""
    yield ASK
    yield NUMBER
    is_urgent = False
    for step in _questions(tree, form):
        is_urgent = is_urgent or step == URGENT
        yield step
    if not is_urgent:
        yield WHOM
    yield NAME
    if not is_urgent:
        yield SPEAK
    yield TOLD
    yield CHECK


def _questions(tree: Tree, form: Form) -> Iterator[str]:
    """The tree's questions that have a page, one after the other."""
    name = _resolve(form, QUESTIONS)
    while name != LAST:
        node = tree[name]
        match node:
            case Consult():
                yield URGENT
                return
            case Notice():
                name = _resolve(form, node.to)
            case Entry():
                yield name
                name = _resolve(form, node.skip or node.to)
            case Menu():
                if name.startswith(CHECKS):
                    raise ValueError(f"{name} reads back what no page asks for")
                yield name
                choice = chosen(tree, form, name)
                if choice is None:
                    return
                name = _resolve(form, choice.to)
            case _:
                raise ValueError(f"no page can ask what {name} does")


def _resolve(form: Form, to: Exit) -> str:
    while isinstance(to, Fork):
        if to.on is not On.FLOW:
            raise ValueError(f"a page cannot tell {to.on}")
        to = to.to[form.draft.flow]
    return to


def _was(draft: Draft, choice: Choice) -> bool:
    if choice.kind:
        return draft.kind is choice.kind
    return all(getattr(draft, name) == value for name, value in choice.answers.items())
