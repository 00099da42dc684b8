"""``passgate serve``: run the gate."""

import gc
from typing import Annotated

import typer

from passgate.cli.options import DEFAULT_CONFIG, ConfigOption, StateOption, settings_from


def serve(
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes that share the listeners.")] = 1,
) -> None:
    """Run the gate until it is told to stop (SIGINT, SIGTERM). A configuration with a problem starts nothing."""
    settings = settings_from(config, state, new=True)
    gc.disable()  # a sixth of the start went into looking for garbage among what is there to stay; a gate that runs enables it
    try:
        from passgate.app import serve as serve_gate

        serve_gate(settings, workers=workers)
    finally:
        gc.enable()
