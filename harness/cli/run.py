"""``harness run``: compute what is missing, print the table."""

from __future__ import annotations

import argparse

from harness import plan
from harness.cli import folder, options
from harness.cli.progress import watcher
from harness.errors import UsageError
from harness.runner import EXECUTORS, Options, Result
from harness.runner import run as run_plan
from harness.tables import counted, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    options.add_request(parser)
    add_execution(parser)
    options.add_store(parser)
    options.add_format(parser)
    options.add_save(parser)
    folder.add_arguments(parser)
    parser.add_argument("--dry-run", action="store_true", help="show the plan and stop")
    parser.add_argument("--why-not", action="store_true", help="say why other pairs do not fit")


def add_execution(parser: argparse.ArgumentParser) -> None:
    """How to run; shared with ``board run``."""
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="worker processes; 0: none (default: 1; with --debug 0)",
    )
    parser.add_argument(
        "--executor",
        choices=EXECUTORS,
        default="local",
        help="what places the workers: this machine, Dask, or jobs of Slurm (default: local)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of Dask, such as tcp://host:8786 (default: one on this machine)",
    )
    parser.add_argument(
        "--threads", type=int, default=1, metavar="N", help="threads of each process (default: 1)"
    )
    parser.add_argument(
        "--gpu-workers",
        type=int,
        default=1,
        metavar="N",
        help="workers that may compute on a GPU (default: 1)",
    )
    parser.add_argument(
        "--timeout", type=float, metavar="S", help="seconds that a stage of a path may take"
    )
    parser.add_argument("--memory", type=float, metavar="MIB", help="memory that a worker may have")
    parser.add_argument("--shard", metavar="I/M", help="run the I-th of M equal parts")
    parser.add_argument("--no-cache", action="store_true", help="compute everything again")


def execution(args: argparse.Namespace) -> Options:
    """The options of `add_execution`, checked."""
    shard = None
    if args.shard:
        part, slash, parts = args.shard.partition("/")
        if not (slash and (part + parts).isascii() and part.isdigit() and parts.isdigit()):
            raise UsageError(f"--shard {args.shard!r}; wanted I/M, such as 3/16")
        shard = int(part), int(parts)
    default = 0 if args.debug else 1
    return Options(
        workers=default if args.workers is None else args.workers,
        threads=args.threads,
        gpu_workers=args.gpu_workers,
        timeout=args.timeout,
        memory=args.memory,
        shard=shard,
        cache=not args.no_cache,
        debug=args.debug,
        executor=args.executor,
        scheduler=args.scheduler,
    )


def run(args: argparse.Namespace) -> int:
    """Run, print, and say how it ended."""
    known = argparse.ArgumentParser()
    add_arguments(known)
    folder.fill(args, known)
    config = folder.config(args, known)
    how = execution(args)
    registry = options.registry(args)
    made = plan.make(registry, options.request(args))
    if args.save_config:
        folder.write(config, options.target(args.save_config))
        options.say(f"wrote {args.save_config}")
    out = folder.folder(args.out) if args.out else None
    if args.dry_run:
        from harness.cli import plan as printed

        return printed.show(made, why_not=args.why_not)
    for reason in _left_out(made, args):
        options.say(reason)
    with options.store(args, write=True) as store, registry.watch(watcher()):
        result = run_plan(registry, made, store, how, options.say)
        options.save(args, result.records, store, registry)
    if args.format == "json" or any(not record.status.failed for record in result.records):
        show(result.records, args.format, registry.quantity, args.unit)
    else:
        for cause in dict.fromkeys(record.cause for record in result.records):
            options.say(cause or "failed")
    if out:
        command = options.command()
        folder.results(out, result.records, registry, args.unit, config, command)
        options.say(f"wrote {out}")
    return close(result)


def _left_out(made: plan.Plan, args: argparse.Namespace) -> list[str]:
    """Why what was named has no path; with ``--why-not``, why any pair has none."""
    on_paths = {p.estimator.name for p in made.paths} | {p.task.name for p in made.paths}
    named = {*args.estimator, *args.task}
    told: dict[str, str] = {}
    for pair in made.excluded:
        reason = f"{pair.estimator} on {pair.task}: {pair.reason}"
        for name in (pair.estimator, pair.task):
            lost = name not in on_paths and named & {name, name.rpartition("/")[2]}
            if lost or args.why_not:
                told.setdefault(reason if args.why_not else name, reason)
    return list(dict.fromkeys(told.values()))


def close(result: Result) -> int:
    """The closing lines of a run, and its exit status."""
    failed = sum(record.status.failed for record in result.records)
    notes = dict.fromkeys(note for record in result.records for note in record.notes)
    for note in notes:
        options.say(note)
    if result.interrupted:
        options.say(
            f"interrupted; {counted(result.computed, 'result')} stored, the same command goes on "
            "from here"
        )
        return 130
    if result.lost:
        return 2
    if result.wrong_requests and all(record.status.failed for record in result.records):
        return 2
    kept = f", {result.cached} taken from the store" if result.cached else ""
    bad = f", {failed} failed" if failed else ""
    options.say(f"{result.computed} computed{kept}{bad}, {result.seconds:.1f} s")
    return 1 if failed else 0
