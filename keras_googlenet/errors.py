"""The errors that tell what a user can mend from a defect of the program.

The command line prints their message alone; any other exception is a defect and keeps its traceback.
"""


class InputError(ValueError):
    """Something given to the program (a file, a folder, an option) cannot be used; the message says what and why.

    Attributes:
        status: The command's exit status.
    """

    status = 2


class WorkError(RuntimeError):
    """Work that was well asked for cannot be finished; the message says why and what to try.

    Attributes:
        status: The command's exit status.
    """

    status = 1
