"""Environment variables that something outside of a script provides, so that unset there does not mean unset.

By provider, with where that is documented. A name that ends in `*` stands for all names with that beginning.
"""

from collections.abc import Iterator

KEYS = "the user's keys"
_SECRETS = ("_TOKEN", "_API_KEY", "_SECRET", "_SECRET_KEY", "_ACCESS_KEY", "_PASSWORD")
"""Ends of names that hold what nobody writes into a script."""

_BY_PROVIDER: tuple[tuple[str, str], ...] = (
    (
        "torchrun",  # torch/distributed/run.py, "Environment Variables"
        "LOCAL_RANK RANK GROUP_RANK ROLE_RANK LOCAL_WORLD_SIZE WORLD_SIZE ROLE_WORLD_SIZE ROLE_NAME TORCHELASTIC_* TORCH_NCCL_* PET_*",
    ),
    (
        "the job launcher of the platform",
        "MASTER_ADDR MASTER_PORT NODE_RANK NNODES NPROC_PER_NODE GPUS_PER_NODE NUM_NODES HOST_NUM HOST_GPU_NUM NODE_IP_LIST NODE_NUM",
    ),
    ("SLURM", "SLURM_* SLURMD_* SBATCH_* SRUN_DEBUG SRUN_CPUS_PER_TASK SRUN_CONTAINER SRUN_EXPORT_ENV"),  # man sbatch, man srun
    ("PBS", "PBS_* PBS_O_*"),  # man qsub
    ("LSF", "LSB_* LSF_* LS_JOBPID"),  # IBM Spectrum LSF, environment variables set for job execution
    ("Grid Engine", "SGE_* JOB_ID JOB_NAME NSLOTS NHOSTS PE_HOSTFILE SGE_TASK_ID TMPDIR"),  # man qsub
    ("Open MPI", "OMPI_* PMIX_*"),  # docs.open-mpi.org, environment variables
    ("MPICH or Intel MPI", "PMI_* MPI_LOCALRANKID MPI_LOCALNRANKS I_MPI_* MV2_COMM_* HYDRA_*"),
    ("Ray", "RAY_*"),
    (
        "Aliyun PAI DLC",
        "PAI_* DLC_* KUBERNETES_CONTAINER_RESOURCE_GPU ALIYUN_* NVIDIA_VISIBLE_DEVICES",
    ),  # help.aliyun.com, DLC built-in variables
    ("Volcengine ML platform", "MLP_* VC_* ARNOLD_* METIS_* BYTED_*"),  # volcengine.com/docs/6459, MLP_WORKER_NUM ...
    ("Huawei ModelArts", "MA_* VC_TASK_INDEX VC_WORKER_HOSTS VC_WORKER_NUM VC_TASK_HOSTS ASCEND_* MODELARTS_*"),
    ("Tencent TI or Taiji", "TI_* TAIJI_* CHIEF_IP HOST_NODE_NUM NODE_LIST LOCAL_IP"),
    ("Baidu AIHC", "AIHC_* POD_INDEX"),
    ("SageMaker", "SM_* SAGEMAKER_* TRAINING_JOB_NAME"),  # sagemaker-training-toolkit, ENVIRONMENT_VARIABLES.md
    ("Azure ML", "AZUREML_* AZ_BATCH_* AZ_BATCHAI_* DATASTORE_*"),
    ("Vertex AI", "AIP_* CLUSTER_SPEC TF_CONFIG CLOUD_ML_*"),
    ("Kubernetes", "KUBERNETES_* POD_NAME POD_IP POD_NAMESPACE NODE_NAME HOSTNAME JOB_COMPLETION_INDEX VK_TASK_INDEX VC_*"),
    ("SkyPilot", "SKYPILOT_*"),
    ("Determined", "DET_*"),
    ("Kaggle or Colab", "KAGGLE_* COLAB_*"),
    (
        "a continuous integration service",
        "CI GITHUB_* RUNNER_* ACTIONS_* GITLAB_* CI_* BUILDKITE_* JENKINS_* BUILD_NUMBER BUILD_ID WORKSPACE TRAVIS_* CIRCLE_*",
    ),
    (
        "the login shell",  # environ(7), bash(1)
        "HOME USER LOGNAME SHELL PATH PWD OLDPWD LANG LANGUAGE LC_* TERM EDITOR VISUAL PAGER DISPLAY XAUTHORITY XDG_* SSH_* SUDO_* MAIL TZ "
        "TMPDIR TEMP TMP HOST HOSTNAME HOSTTYPE MACHTYPE OSTYPE UID EUID GROUPS PPID SHLVL LINES COLUMNS COLORTERM TERM_PROGRAM "
        "LD_LIBRARY_PATH LD_PRELOAD LIBRARY_PATH CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH PKG_CONFIG_PATH MANPATH PYTHONPATH PYTHONHOME "
        "http_proxy https_proxy no_proxy all_proxy ftp_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY FTP_PROXY WSL_DISTRO_NAME",
    ),
    (
        "bash",  # bash(1), Shell Variables
        "BASH BASHOPTS BASHPID BASH_* COMP_* DIRSTACK EPOCHREALTIME EPOCHSECONDS FUNCNAME HISTCMD IFS LINENO MAPFILE OPTARG OPTERR OPTIND "
        "PIPESTATUS PS1 PS2 PS3 PS4 PROMPT_COMMAND RANDOM READLINE_* REPLY SECONDS SHELLOPTS SRANDOM TIMEFORMAT TMOUT HIST* _",
    ),
    ("conda or a virtual environment", "CONDA_* _CONDA_* VIRTUAL_ENV VIRTUAL_ENV_PROMPT MAMBA_* UV_* PYENV_*"),
    ("environment modules", "MODULEPATH MODULESHOME LMOD_* LOADEDMODULES MODULE_* EBROOT* SPACK_*"),
    (
        "CUDA or the GPU container",
        "CUDA_HOME CUDA_PATH CUDA_ROOT CUDA_VERSION CUDNN_* NVIDIA_* NCCL_VERSION ROCM_* HIP_* NV_* CUDA_VISIBLE_DEVICES",
    ),
    (
        "the user's Hugging Face, Weights & Biases or hub settings",
        "HF_* HUGGING_FACE_HUB_TOKEN HUGGINGFACE_HUB_* WANDB_* MODELSCOPE_* COMET_* MLFLOW_* SWANLAB_*",
    ),
    (KEYS, "OPENAI_* ANTHROPIC_* AZURE_* AWS_* DASHSCOPE_API_KEY GEMINI_* GOOGLE_*"),
    ("the user's scratch folders", "SCRATCH DSDIR SLURM_TMPDIR SCRATCHDIR"),  # names that computing centres set
)


class ProvidedVariables:
    """The table as a container of names."""

    def __init__(self, by_provider: tuple[tuple[str, str], ...]) -> None:
        self._exact: dict[str, str] = {}
        self._prefixes: dict[str, str] = {}
        for provider, names in by_provider:
            for name in names.split():
                if name.endswith("*"):
                    self._prefixes.setdefault(name[:-1], provider)
                else:
                    self._exact.setdefault(name, provider)

    def get(self, name: str) -> str | None:
        """Who provides a variable, None where nobody is known to."""
        found = self._exact.get(name)
        if found is None:
            best = max((prefix for prefix in self._prefixes if name.startswith(prefix)), key=len, default="")
            found = self._prefixes.get(best) if best else KEYS if name.endswith(_SECRETS) else None
        return found

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        """Every name, and every beginning with a `*`."""
        yield from self._exact
        yield from (prefix + "*" for prefix in self._prefixes)


PROVIDED = ProvidedVariables(_BY_PROVIDER)
"""All variables that are known to be provided from outside."""


_DEFAULT_COUNTS = frozenset(
    (
        "the job launcher of the platform",
        "the user's Hugging Face, Weights & Biases or hub settings",
        KEYS,
        "CUDA or the GPU container",
        "the user's scratch folders",
    )
)
"""Providers of names that scripts mostly give a default for the case that nobody sets them: `${NPROC_PER_NODE:-8}`."""


def overrides_default(name: str) -> bool:
    """Whether `${NAME:-default}` cannot be taken for its default: a scheduler or launcher sets the name where jobs run."""
    provider = PROVIDED.get(name)
    return provider is not None and provider not in _DEFAULT_COUNTS


def provided_by(name: str) -> str | None:
    """Who provides a variable (`SLURM`, `torchrun`, `the login shell`), None where nobody is known to."""
    return PROVIDED.get(name)
