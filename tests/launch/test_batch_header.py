"""`#SBATCH` lines."""

from lintune.launch.batch_header import batch_options
from lintune.source.text import Source


def test_options_up_to_the_first_command() -> None:
    text = (
        "#!/bin/bash\n#SBATCH --nodes=2 --gres=gpu:8  # two machines\n#SBATCH -p gpu\n#SBATCH --job-name='my job'\n# note\n\n"
        "#SBATCH --exclusive\n#SBATCH --nodes=4\n##SBATCH --mem=1\necho\n#SBATCH --time=1\n"
    )
    found = batch_options(Source("x.sbatch", text))
    assert {name: word.text for name, word in found.items()} == {
        "nodes": "4",
        "gres": "gpu:8",
        "partition": "gpu",
        "job_name": "my job",
        "exclusive": "--exclusive",
    }
    assert found["gres"].pieces[0].site.text == "gpu:8"


def test_scripts_without() -> None:
    assert batch_options(Source("x.sh", "echo #SBATCH --nodes=2\n")) == {}
