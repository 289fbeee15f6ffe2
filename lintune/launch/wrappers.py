"""Programs in front of a launcher that start the command they are given: `nohup`, `env`, `srun`, `uv run` and the like."""

from collections.abc import Mapping

from lintune.launch.option_syntax import OptionSyntax, option_syntax
from lintune.source.record import dataclass


@dataclass(frozen=True, slots=True)
class Wrapper:
    """How a wrapper's own words are told from the command it starts."""

    syntax: OptionSyntax
    subcommands: tuple[str, ...] = ()
    """Words that must follow its name (`uv run`)."""
    operands: int = 0
    """Further words of its own behind the options (`timeout 30m`)."""
    assignments: bool = False
    """Whether `NAME=value` words may stand before the command (`env`)."""


_NONE = option_syntax(values="", flags="help version v V")

_SRUN = option_syntax(
    values="account acctg_freq bb bbf bcast begin chdir cluster_constraint clusters comment compress constraint container container_id "
    "container_image container_mounts container_name container_workdir container_env container_remap_root core_spec cores_per_socket "
    "cpu_bind cpu_freq cpus_per_gpu cpus_per_task deadline delay_boot dependency distribution epilog error exclude export extra "
    "extra_node_info gpu_bind gpu_freq gpus gpus_per_node gpus_per_socket gpus_per_task gres gres_flags group hint input immediate "
    "job_name "
    "jobid licenses mail_type mail_user mcs_label mem mem_bind mem_per_cpu mem_per_gpu mincpus mpi msg_timeout network nice nodefile "
    "nodelist nodes ntasks ntasks_per_core ntasks_per_gpu ntasks_per_node ntasks_per_socket open_mode output  partition power "
    "priority prolog propagate qos  relative reservation signal slurmd_debug sockets_per_node switches task_epilog "
    "task_prolog thread_spec threads threads_per_core time time_min tmp tree_width uid  wait wckey ",
    flags="allocation contiguous debugger_test disable_status exact exclusive hold interactive kill_on_bad_exit label multi_prog "
    "no_allocate no_container_mount_home container_mount_home container_writable no_kill overcommit overlap oversubscribe preserve_env pty "
    "quiet quit_on_interrupt reboot send_libs spread_job stepmgr test_only unbuffered usage use_min_nodes verbose version whole help x11",
    aliases="A=account b=begin B=extra_node_info C=constraint c=cpus_per_task D=chdir d=dependency E=preserve_env e=error G=gpus "
    "H=hold I=immediate i=input J=job_name job_id=jobid K=kill_on_bad_exit k=no_kill L=licenses l=label M=clusters m=distribution "
    "N=nodes n=ntasks "
    "O=overcommit o=output p=partition Q=quiet q=qos r=relative S=core_spec s=oversubscribe T=threads t=time u=unbuffered V=version "
    "v=verbose W=wait w=nodelist X=disable_status x=exclude Z=no_allocate h=help",
)
"""`man srun`, Slurm 20 to 24, with the Pyxis plug-in's --container-* options."""

_MPIRUN = option_syntax(
    values="np n c host H hostfile machinefile x wdir wd bind_to map_by rank_by npernode npersocket N app am tune prefix path mca_base "
    "output_filename timeout ppn hosts f genvlist launcher iface rmk ranks_per_proc cpu_set cpu_list report_uri personality stdin "
    " outfile_pattern errfile_pattern  rankfile rf",
    flags="allow_run_as_root bind_to_core bind_to_socket bind_to_none bycore bynode bysocket oversubscribe nooversubscribe nolocal "
    "display_map display_allocation report_bindings tag_output timestamp_output merge_stderr_to_stdout do_not_launch quiet q v verbose "
    "version V help h pernode use_hwthread_cpus disable_auto_wrap novm forward_signals xml l prepend_rank genvall envall",
    pairs="mca gmca pmca env genv",
    aliases="hostlist=host",
    single_dash=True,
)
"""`man mpirun` of Open MPI 3 to 5 and of MPICH / Intel MPI (Hydra)."""

_UV_RUN = option_syntax(
    values="with with_editable with_requirements extra no_extra group no_group only_group env_file package python directory project "
    "index index_url extra_index_url find_links config_file cache_dir index_strategy keyring_provider resolution prerelease exclude_newer "
    "refresh_package reinstall_package upgrade_package no_build_package no_binary_package link_mode config_setting color "
    "python_platform allow_insecure_host python_preference",
    flags="all_extras no_dev dev only_dev no_default_groups all_groups no_editable exact no_env_file isolated active no_sync locked "
    "frozen script gui_script all_packages no_project no_config no_index no_cache offline quiet verbose no_progress native_tls upgrade "
    "reinstall refresh no_build no_binary managed_python no_managed_python no_python_downloads no_sources module help inexact",
    aliases="p=python i=index_url f=find_links U=upgrade q=quiet v=verbose n=no_cache s=script m=module P=upgrade_package "
    "C=config_setting w=with",
)
"""`uv run --help`, uv 0.4 to 0.9."""

_CONDA_RUN = option_syntax(
    values="name prefix cwd env  attach",
    flags="verbose v dev debug_wrapper_scripts no_capture_output live_stream help",
    aliases="n=name p=prefix s=live_stream h=help a=attach e=env",
)

_RAY_SUBMIT = option_syntax(
    values="address submission_id job_id runtime_env runtime_env_json working_dir metadata_json entrypoint_num_cpus entrypoint_num_gpus "
    "entrypoint_memory entrypoint_resources log_style log_color verify headers",
    flags="no_wait verbose v help",
)
"""`ray job submit --help`, Ray 2.x."""

_CONTAINER = option_syntax(
    values="bind env env_file home pwd workdir overlay scratch app network mount   security dns hostname",
    flags="nv rocm cleanenv contain containall no_home writable writable_tmpfs fakeroot ipc pid unsquash  quiet silent debug nvccli",
    aliases="B=bind H=home W=workdir e=cleanenv c=contain C=containall S=scratch w=writable f=fakeroot p=pid o=overlay",
)
"""`apptainer exec --help`, Apptainer 1.x and Singularity 3."""

_NSYS = option_syntax(
    values="trace output sample capture_range capture_range_end duration delay export  cudabacktrace gpu_metrics_device "
    "gpu_metrics_devices gpu_metrics_set nic_metrics sampling_period session_new stop_on_exit kill wait backtrace cpuctxsw env_var "
    "force_overwrite inherit_environment cuda_memory_usage cuda_graph_trace python_backtrace pytorch osrt_threshold show_output "
    "trace_fork_before_exec stats",
    flags="help python_sampling",
    aliases="t=trace o=output s=sample c=capture_range d=duration y=delay f=force_overwrite b=backtrace w=show_output e=env_var "
    "x=stop_on_exit n=inherit_environment",
)
"""`nsys profile --help`, 2023 to 2025."""

WRAPPERS: Mapping[str, tuple[Wrapper, ...]] = {
    "nohup": (Wrapper(_NONE),),
    "exec": (Wrapper(option_syntax(values="a", flags="c l")),),
    "command": (Wrapper(option_syntax(values="", flags="p v V")),),
    "builtin": (Wrapper(_NONE),),
    "setsid": (Wrapper(option_syntax(values="", flags="ctty fork wait help", aliases="c=ctty f=fork w=wait")),),
    "time": (
        Wrapper(
            option_syntax(
                values="format output",
                flags="append portability quiet verbose",
                aliases="f=format o=output a=append p=portability q=quiet v=verbose",
            )
        ),
    ),
    "env": (
        Wrapper(
            option_syntax(
                values="unset chdir split_string argv0",
                flags="ignore_environment null debug block_signal default_signal ignore_signal",
                aliases="u=unset C=chdir S=split_string i=ignore_environment 0=null v=debug a=argv0",
            ),
            assignments=True,
        ),
    ),
    "nice": (Wrapper(option_syntax(values="adjustment", aliases="n=adjustment")),),
    "ionice": (Wrapper(option_syntax(values="class classdata pid", flags="ignore", aliases="c=class n=classdata p=pid t=ignore")),),
    "stdbuf": (Wrapper(option_syntax(values="input output error", aliases="i=input o=output e=error")),),
    "unbuffer": (Wrapper(option_syntax(values="", flags="p")),),
    "timeout": (
        Wrapper(
            option_syntax(
                values="kill_after signal", flags="foreground preserve_status verbose", aliases="k=kill_after s=signal v=verbose"
            ),
            operands=1,
        ),
    ),
    "taskset": (Wrapper(option_syntax(values="pid", flags="all_tasks cpu_list", aliases="a=all_tasks c=cpu_list p=pid"), operands=1),),
    "numactl": (
        Wrapper(
            option_syntax(
                values="interleave weighted_interleave preferred preferred_many cpunodebind physcpubind membind nodebind",
                flags="all localalloc balancing hardware show",
                aliases="i=interleave w=weighted_interleave p=preferred P=preferred_many N=cpunodebind C=physcpubind m=membind a=all "
                "l=localalloc b=balancing",
            )
        ),
    ),
    "sudo": (
        Wrapper(
            option_syntax(
                values="user group host prompt chdir chroot close_from role type other_user",
                flags="preserve_env set_home login non_interactive stdin background shell",
                aliases="u=user g=group h=host p=prompt D=chdir R=chroot C=close_from E=preserve_env H=set_home i=login "
                "n=non_interactive S=stdin b=background s=shell",
            ),
            assignments=True,
        ),
    ),
    "srun": (Wrapper(_SRUN),),
    "mpirun": (Wrapper(_MPIRUN),),
    "mpiexec": (Wrapper(_MPIRUN),),
    "mpiexec.hydra": (Wrapper(_MPIRUN),),
    "orterun": (Wrapper(_MPIRUN),),
    "prterun": (Wrapper(_MPIRUN),),
    "horovodrun": (
        Wrapper(
            option_syntax(
                values="np hosts hostfile ssh_port network_interface", flags="verbose", aliases="H=hosts p=ssh_port", single_dash=True
            )
        ),
    ),
    "uv": (Wrapper(_UV_RUN, subcommands=("run",)),),
    "poetry": (Wrapper(option_syntax(values="directory project", aliases="C=directory P=project"), subcommands=("run",)),),
    "pipenv": (Wrapper(_NONE, subcommands=("run",)),),
    "pdm": (
        Wrapper(option_syntax(values="env_file project", flags="site_packages", aliases="p=project s=site_packages"), subcommands=("run",)),
    ),
    "hatch": (Wrapper(_NONE, subcommands=("run",)),),
    "rye": (Wrapper(_NONE, subcommands=("run",)),),
    "pixi": (
        Wrapper(option_syntax(values="environment manifest_path", flags="frozen locked", aliases="e=environment"), subcommands=("run",)),
    ),
    "conda": (Wrapper(_CONDA_RUN, subcommands=("run",)),),
    "mamba": (Wrapper(_CONDA_RUN, subcommands=("run",)),),
    "micromamba": (Wrapper(_CONDA_RUN, subcommands=("run",)),),
    "ray": (Wrapper(_RAY_SUBMIT, subcommands=("job", "submit")),),
    "xvfb-run": (
        Wrapper(
            option_syntax(
                values="error_file auth_file server_num  xauth_protocol server_args wait",
                flags="auto_servernum auto_display listen_tcp",
                aliases="a=auto_servernum d=auto_display e=error_file f=auth_file l=listen_tcp n=server_num p=xauth_protocol "
                "s=server_args w=wait",
            )
        ),
    ),
    "apptainer": tuple(Wrapper(_CONTAINER, subcommands=(name,), operands=1) for name in ("exec", "run")),
    "singularity": tuple(Wrapper(_CONTAINER, subcommands=(name,), operands=1) for name in ("exec", "run")),
    "nsys": (Wrapper(_NSYS, subcommands=("profile",)),),
    "strace": (Wrapper(option_syntax(values="e o p s", flags="f c t T v")),),
    "catchsegv": (Wrapper(_NONE),),
}
"""By the name of the program; several entries where a program has several such subcommands."""
