"""The control API, for gates that have one."""

from collections.abc import Sequence

from passgate.config import control as configured
from passgate.config.settings import Settings
from passgate.core.errors import ConfigError
from passgate.endpoints.beside import Beside
from passgate.pipeline.access import AccessTokens
from passgate.pipeline.access_requests import AccessRequests
from passgate.pipeline.approval_desk import ApprovalDesk
from passgate.pipeline.sealing import UNSEALED, Sealing
from passgate.wiring.control.gate import RunningGate


def control_beside(
    settings: Settings,
    *,
    gate: RunningGate,
    tokens: AccessTokens | None,
    approvals: ApprovalDesk | None = None,
    requests: AccessRequests | None = None,
    sealing: Sealing = UNSEALED,
) -> Sequence[Beside]:
    """Nothing without ``control``. ``tokens``: whoever knows the gate's own; None without an issuer. Raises ConfigError."""
    if settings.control is None:
        return ()
    if tokens is None:
        raise ConfigError(configured.NEEDS_ISSUER)
    from passgate.wiring.control.endpoint import control_endpoint  # not loaded where nobody asks for it

    endpoint = control_endpoint(
        settings, settings.control, gate=gate, tokens=tokens, approvals=approvals, requests=requests, sealing=sealing
    )
    return (endpoint.serve,)
