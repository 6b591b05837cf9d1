"""Logs: one JSON object a line on standard error, for machines; never a name, a number or what a caller keyed."""

from __future__ import annotations

import logging
import sys

import structlog


def configure_logs(least: int = logging.INFO) -> None:
    """Set the format once per process; what is below the level `least` is left out."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def where(error: BaseException) -> str:
    """File and line of a failure; its own words may quote a patient's data."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
