"""One of several processes of a step, started by torchrun: `python -m lintune.dryrun.step.worker REQUEST.json RESULT.json`."""

import os
import sys

from lintune.dryrun.problem import DryRunProblem
from lintune.dryrun.protocol import Result, failed, request_from_json, to_json


def main() -> None:
    """Step, and let the first process write the result."""
    asked, answered = sys.argv[1:3]
    with open(asked, encoding="utf-8") as stream:
        request = request_from_json(stream.read())
    import torch

    from lintune.dryrun.auto_class import said
    from lintune.dryrun.step.one_process import stepped
    from lintune.dryrun.step.run import device_of

    try:
        result: Result = stepped(request, device_of(request))
    except DryRunProblem as problem:
        result = failed("step", problem.kind, problem.message, problem.help)
    except Exception as error:  # one of the processes says what went wrong for all
        result = failed("step", "crash", f"the step failed: {type(error).__name__}: {said(error)}", "please report it")
    if int(os.environ.get("RANK", "0")) == 0 or not result.ok:
        part = f"{answered}.{os.getpid()}"
        with open(part, "w", encoding="utf-8") as stream:
            stream.write(to_json(result))
        os.replace(part, answered)
    if torch.distributed.is_initialized():  # without this, gloo may abort the process at its end
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
