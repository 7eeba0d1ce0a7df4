"""What can keep the detector from starting or finishing.

::

    DetectorError
    ├── InputError     a path, format or option that cannot be used
    ├── ModelError     a model directory that is incomplete, altered or of another version
    └── OutputError    a report that cannot be written

Trouble *in the data* (a bad line, a broken member of a zip) is no exception: it is an
`detector.records.Unread` record, and the rest goes on. A message of these errors has three parts:
where and what, what was expected, what to do. It never contains message text.
"""


class DetectorError(Exception):
    """Base of every error this package raises on purpose."""


class InputError(DetectorError):
    """A path, format or option cannot be used."""


class ModelError(DetectorError):
    """A model directory is incomplete, altered or made for another version."""


class OutputError(DetectorError):
    """A report cannot be written."""
