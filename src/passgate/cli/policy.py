"""``passgate policy``: check, explain and test."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passgate.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from passgate.cli.output import Json, note, printable, reason_of, say, say_json, say_table
from passgate.core.errors import ConfigError

if TYPE_CHECKING:
    from passgate.cli.policy_context import Context
    from passgate.core.action import Atom
    from passgate.core.decision import Obligation
    from passgate.policy.bundle import Bundle
    from passgate.policy.cases import Report
    from passgate.policy.explain import ExplainedAtom, Explanation
    from passgate.policy.problems import Problem

policy_app = typer.Typer(no_args_is_help=True, help="Policy: check bundles, explain a verdict, run cases.")

PolicyOption = Annotated[
    list[Path] | None, typer.Option("--policy", "-p", help="A bundle file; several are taken together, in order.")
]
PackOption = Annotated[list[str] | None, typer.Option("--pack", help="A pack that ships with Passgate; repeatable.")]
ReferenceOption = Annotated[
    bool, typer.Option("--reference", help="The reference policy, its database and an agent on env=prod.")
]
SchemaOption = Annotated[
    Path | None, typer.Option("--schema", help="CREATE statements that say what the database holds.")
]
ResourceOption = Annotated[
    str | None, typer.Option("--resource", help="A resource of the configuration: its labels, its policy.")
]
AsOption = Annotated[
    str, typer.Option("--as", help="Who asks: agent:reporter, human:ann@example.com, service:billing.")
]
ForOption = Annotated[str | None, typer.Option("--on-behalf-of", help="The human behind an agent.")]
GroupOption = Annotated[list[str] | None, typer.Option("--group", help="A group of the principal; repeatable.")]
LabelOption = Annotated[
    list[str] | None, typer.Option("--label", help="A label of the resource: env=prod; repeatable.")
]
TagOption = Annotated[list[str] | None, typer.Option("--tag", help="A tag of the session; repeatable.")]
CountedOption = Annotated[
    list[str] | None,
    typer.Option("--counted", help="What session and task have counted so far: rows=5000; repeatable."),
]
PurposeOption = Annotated[str, typer.Option("--purpose", help="What the pass is for.")]
TicketOption = Annotated[str | None, typer.Option("--ticket", help="The ticket that the pass names.")]


@policy_app.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILES", help="Bundle files, taken together.")] = None,
    pack: PackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Load a bundle and run the tests inside its rules. Every problem is named with file, line and column; exit status 1 then."""
    from passgate.policy.bundle import load_bundle
    from passgate.policy.problems import BundleError

    if not files and not pack:
        raise typer.BadParameter("name at least one file or --pack")
    try:
        bundle = load_bundle(tuple(files or ()), tuple(pack or ()))
    except BundleError as error:
        if as_json:
            say_json({"ok": False, "problems": [_problem(problem) for problem in error.problems]})
        else:
            for problem in error.problems:
                note(str(problem))
            note(f"{len(error.problems)} problem{'s' if len(error.problems) != 1 else ''}: the bundle is not usable")
        raise typer.Exit(1) from error
    _say_bundle(bundle, as_json=as_json)


@policy_app.command()
def explain(
    statement: Annotated[
        str, typer.Argument(metavar="STATEMENT", help="What would be sent; - reads it from standard input.")
    ],
    policy: PolicyOption = None,
    pack: PackOption = None,
    reference: ReferenceOption = False,
    schema: SchemaOption = None,
    resource: ResourceOption = None,
    as_: AsOption = "agent:someone",
    on_behalf_of: ForOption = None,
    group: GroupOption = None,
    label: LabelOption = None,
    tag: TagOption = None,
    counted: CountedOption = None,
    purpose: PurposeOption = "",
    ticket: TicketOption = None,
    prompt: Annotated[
        bool, typer.Option("--prompt", help="The text is a prompt to a model, or starts with 'tool result:'.")
    ] = False,
    param: Annotated[list[str] | None, typer.Option("--param", help="A bound value, by position; repeatable.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Say what a statement means, which rules fire for each part of it, and what would come of it. Nothing is sent anywhere."""
    from passgate.cli.policy_context import build_context
    from passgate.policy.evaluator import DEFAULT_DENY
    from passgate.policy.explain import explain as explained

    context = build_context(
        policies=policy or (),
        packs=pack or (),
        reference=reference,
        schema=schema,
        resource=resource,
        config=config,
        who=as_,
        on_behalf_of=on_behalf_of,
        groups=group or (),
        labels=label or (),
        tags=tag or (),
        counted=counted or (),
        purpose=purpose,
        ticket=ticket,
        prompt=prompt,
    )
    text = sys.stdin.read() if statement == "-" else statement
    understood = context.understand(text, param)
    explanations = [explained(context.policy, action, context.session) for action in understood.actions]
    if as_json:
        say_json([_explanation(explanation) for explanation in explanations])
        return
    for number, explanation in enumerate(explanations):
        if number:
            say()
        _say_explanation(explanation)
    ungranted = any(one.rule == DEFAULT_DENY for explanation in explanations for one in explanation.atoms)
    if ungranted and policy and not pack and resource is None:
        note(
            "These files are the whole policy here. A gate has its packs besides: --pack postgres-safe, or --resource NAME."
        )


@policy_app.command("test")
def run(
    cases: Annotated[Path, typer.Option("--cases", help="Cases, one JSON object a line.")],
    policy: PolicyOption = None,
    pack: PackOption = None,
    reference: ReferenceOption = False,
    schema: SchemaOption = None,
    resource: ResourceOption = None,
    as_: AsOption = "agent:someone",
    on_behalf_of: ForOption = None,
    group: GroupOption = None,
    label: LabelOption = None,
    tag: TagOption = None,
    counted: CountedOption = None,
    purpose: PurposeOption = "",
    ticket: TicketOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Run cases and name each one that does not come out as it says. Exit status 1 if there is one."""
    from passgate.cli.policy_context import build_context
    from passgate.policy.cases import read_cases, run_cases

    context = build_context(
        policies=policy or (),
        packs=pack or (),
        reference=reference,
        schema=schema,
        resource=resource,
        config=config,
        who=as_,
        on_behalf_of=on_behalf_of,
        groups=group or (),
        labels=label or (),
        tags=tag or (),
        counted=counted or (),
        purpose=purpose,
        ticket=ticket,
    )
    report = run_cases(read_cases(_text_of(cases), str(cases)), grounds=context.grounds, policy=context.policy)
    if as_json:
        say_json(_report(report, context))
    else:
        _say_report(report)
    if not report.passed:
        raise typer.Exit(1)


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {reason_of(error)}") from error


# -- check -------------------------------------------------------------------------------------------------------------


def _problem(problem: "Problem") -> Json:
    place = problem.place
    return {
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "message": problem.message,
        "remedy": problem.remedy,
    }


def _say_bundle(bundle: "Bundle", *, as_json: bool) -> None:
    samples = sum(len(rule.definition.samples) for rule in bundle.rules)
    slow = [rule.id for rule in bundle.unindexed]
    if as_json:
        say_json(
            {
                "ok": True,
                "version": bundle.version,
                "rules": len(bundle.rules),
                "tests": samples,
                "unindexed": slow,
                "notes": [_problem(problem) for problem in bundle.notes],
            }
        )
        return
    say(f"{len(bundle.rules)} rules, {samples} of their own tests passed, version {bundle.version[:16]}")
    if slow:
        say(f"judged for every atom, since nothing in them can be looked up: {', '.join(slow)}")
    for problem in bundle.notes:
        note(f"note: {problem}")


# -- explain -----------------------------------------------------------------------------------------------------------


def _explanation(explanation: "Explanation") -> Json:
    action, decision = explanation.action, explanation.decision
    return {
        "statement": action.text,
        "kind": action.kind,
        "verb": action.verb,
        "complete": action.complete,
        "gaps": list(action.gaps),
        "facts": dict(action.facts),
        "verdict": decision.outcome.value,
        "rule": decision.rule,
        "reason": decision.reason,
        "hint": decision.hint,
        "obligations": [_described(obligation) for obligation in decision.obligations],
        "approvers": None
        if decision.approvers is None
        else {
            "group": decision.approvers.group,
            "count": decision.approvers.count,
            "expires_seconds": decision.approvers.expires_seconds,
        },
        "fired": list(decision.fired),
        "policy_version": decision.policy_version,
        "atoms": [_explained(atom) for atom in explanation.atoms],
    }


def _explained(explained: "ExplainedAtom") -> Json:
    atom = explained.atom
    return {
        "verb": atom.verb,
        "class": atom.verb_class.value,
        "kind": atom.object.kind,
        "object": str(atom.object),
        "column": atom.column,
        "position": atom.position.value,
        "where_effective": atom.where_effective,
        "key_pinned": atom.key_pinned,
        "known": atom.object.known,
        "effect": atom.object.effect,
        "tags": sorted(atom.object.tags),
        "verdict": explained.outcome.value,
        "rule": explained.rule,
        "failed": explained.failed,
        "fired": [
            {
                "id": rule.id,
                "outcome": rule.outcome.value if rule.outcome else None,
                "when": rule.when,
                "at": str(rule.place),
            }
            for rule in explained.fired
        ],
    }


def _described(obligation: "Obligation") -> str:
    from passgate.core.decision import LimitRows, Mask, MaxRows, Notify, ReadOnly, Record, Scan

    rule = f" (rule {obligation.rule})"
    match obligation:
        case Mask(column=column, strategy=strategy):
            where = ".".join(part for part in (column.namespace, column.object, column.column) if part)
            return f"mask {where}: {strategy.kind.value}{rule}"
        case MaxRows(limit=limit):
            return f"roll back beyond {limit} rows{rule}"
        case LimitRows(limit=limit):
            return f"show at most {limit} rows{rule}"
        case ReadOnly():
            return f"run where nothing can be written{rule}"
        case Notify(channel=channel):
            return f"notify {channel}{rule}"
        case Record(mode=mode):
            return f"record: {mode}{rule}"
        case Scan(classes=classes):
            return f"scan values for {', '.join(sorted(classes))}{rule}"
    return f"tag the session {obligation.tag}{rule}"


def _say_explanation(explanation: "Explanation") -> None:
    action, decision = explanation.action, explanation.decision
    say(printable(action.text.strip()))
    say()
    say_table(
        ("VERB", "OBJECT", "COLUMN", "POSITION", "SAID OF IT", "VERDICT", "RULE", "ALSO FIRED"),
        [
            (
                explained.atom.verb,
                f"{explained.atom.object.kind} {explained.atom.object}".strip(),
                explained.atom.column,
                "" if explained.atom.position == "none" else explained.atom.position.value,
                _said(explained.atom),
                explained.outcome.value,
                explained.rule,
                ", ".join(rule.id for rule in explained.fired if rule.id != explained.rule),
            )
            for explained in explanation.atoms
        ],
    )
    say()
    say(f"verdict   {decision.outcome.value} by {decision.rule}: {printable(decision.reason)}")
    if decision.hint:
        say(f"hint      {printable(decision.hint)}")
    for gap in action.gaps:
        say(f"gap       {printable(gap)}")
    for obligation in decision.obligations:
        say(f"and       {printable(_described(obligation))}")
    say(f"policy    {decision.policy_version[:16]}")


def _said(atom: "Atom") -> str:
    words = [atom.object.effect] if atom.object.effect else []
    words += ["not known"] if not atom.object.known else []
    words += sorted(atom.object.tags)
    words += ["key pinned"] if atom.key_pinned else ["narrowed"] if atom.where_effective else []
    return ", ".join(words)


# -- test --------------------------------------------------------------------------------------------------------------


def _report(report: "Report", context: "Context") -> Json:
    return {
        "passed": report.passed,
        "policy_version": context.policy.version,
        "totals": [
            {"kind": one.kind, "covered": one.covered, "cases": one.cases, "as_expected": one.as_expected}
            for one in report.totals
        ],
        "mismatches": [
            {
                "id": one.case.id,
                "kind": one.case.kind,
                "text": one.case.text,
                "expected": one.case.expected.value,
                "found": one.found.verdict.value,
                "rule": one.found.rule,
                "reason": one.found.reason,
                "why": one.case.why,
            }
            for one in report.mismatches
        ],
    }


def _say_report(report: "Report") -> None:
    rows: list[Sequence[str]] = []
    for one in report.totals:
        result = (
            f"{one.as_expected} as expected"
            if one.covered
            else f"not covered: no language for it yet{f' (did you mean {one.meant}?)' if one.meant else ''}"
        )
        rows.append((one.kind, str(one.cases), result))
    say_table(("KIND", "CASES", "RESULT"), rows)
    for miss in report.mismatches:
        say()
        say(
            f"{miss.case.id}: expected {miss.case.expected.value}, found {miss.found.verdict.value} by {miss.found.rule}"
        )
        say(f"  {printable(miss.case.text)[:400]}")
        say(f"  {printable(miss.found.reason)}")
    covered = [one for one in report.totals if one.covered]
    say()
    if not covered:
        say("Nothing was judged, so nothing is shown.")
        return
    say(f"{sum(one.as_expected for one in covered)} of {sum(one.cases for one in covered)} covered cases as expected")
