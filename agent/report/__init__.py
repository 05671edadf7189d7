"""The report: each file makes one part of it; `report` puts them together, `saved` writes and loads them."""

from netpreflight.agent.output_files import write
from netpreflight.agent.report.report import (
    LEVELS,
    MOST_NETWORKS,
    RULES,
    Device,
    NetworkVerdict,
    Report,
    Run,
    SetUp,
    SharedLevel,
    SharingLevel,
    Tool,
    aimed_at,
    make,
)
from netpreflight.agent.report.saved import (
    LARGEST_FILE,
    Saved,
    SavedCheck,
    SavedReportError,
    as_saved,
    for_page,
    load,
    load_saved,
)

__all__ = [
    "LARGEST_FILE",
    "LEVELS",
    "MOST_NETWORKS",
    "RULES",
    "Device",
    "NetworkVerdict",
    "Report",
    "Run",
    "Saved",
    "SavedCheck",
    "SavedReportError",
    "SetUp",
    "SharedLevel",
    "SharingLevel",
    "Tool",
    "aimed_at",
    "as_saved",
    "for_page",
    "load",
    "load_saved",
    "make",
    "write",
]
