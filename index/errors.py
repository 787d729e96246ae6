"""The one error tree. A person's mistake raises one of these with a line that says what to do; anything else is a bug.

SeedqaError
├── UsageError      a wrong option, setting or argument                        exit 2, HTTP 422
├── IndexProblem    the index cannot answer                                    exit 4, HTTP 503
│   ├── MissingIndex     there is none yet
│   ├── StaleIndex       the files, the settings or the model are not those it was built from
│   ├── DamagedIndex     a file of the index is missing or changed
│   └── IndexBusy        another process is building it
├── StorageError    the disk refused (full, read-only)                         exit 5, HTTP 507
└── ModelError      a language model or embedder is missing or failed          exit 6, HTTP 502
"""

from __future__ import annotations


class SeedqaError(Exception):
    """Base of every error with a message meant for the user. `exit_code` and `http_status` are used only at the edges."""

    exit_code = 1
    http_status = 500


class UsageError(SeedqaError):
    exit_code = 2
    http_status = 422


class IndexProblem(SeedqaError):
    exit_code = 4
    http_status = 503


class MissingIndex(IndexProblem):
    pass


class StaleIndex(IndexProblem):
    pass


class DamagedIndex(IndexProblem):
    pass


class IndexBusy(IndexProblem):
    pass


class StorageError(SeedqaError):
    exit_code = 5
    http_status = 507


class ModelError(SeedqaError):
    exit_code = 6
    http_status = 502
