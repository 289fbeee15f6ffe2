"""`#SBATCH` lines that sbatch does not read."""

from lintune.launch.batch_header import batch_options, late_lines
from lintune.source.text import Source


def test_lines_behind_the_first_command() -> None:
    """They are comments, and no options."""
    source = Source("job.sbatch", "#!/bin/bash\n#SBATCH --nodes=2\n# a comment\n\nmodule load cuda\n#SBATCH --gres=gpu:4\n")
    assert [site.text for site in late_lines(source)] == ["#SBATCH --gres=gpu:4"]
    assert set(batch_options(source)) == {"nodes"}


def test_a_header_on_its_own() -> None:
    """Nothing is late in it."""
    assert late_lines(Source("job.sbatch", "#!/bin/bash\n#SBATCH --nodes=2\nsrun train\n")) == []
