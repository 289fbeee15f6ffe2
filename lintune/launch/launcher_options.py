"""The options of the programs that start training scripts, as their own parsers define them."""

from lintune.launch.option_syntax import OptionSyntax, option_syntax

TORCHRUN = option_syntax(
    values="nnodes nproc_per_node rdzv_backend rdzv_endpoint rdzv_id rdzv_conf max_restarts monitor_interval start_method "
    "event_log_handler role log_dir logdir redirects tee local_ranks_filter node_rank master_addr master_port local_addr logs_specs "
    "numa_binding signals_to_handle virtual_local_rank duplicate_stdout_filters duplicate_stderr_filters",
    flags="standalone module no_python run_path use_env use_libuv help",
    aliases="m=module r=redirects t=tee h=help",
)
"""torch/distributed/run.py get_args_parser (1.9 to 2.9), launch.py parse_args (`use_env`, `logdir`)."""

DEEPSPEED = option_syntax(
    values="hostfile include exclude num_nodes min_elastic_nodes max_elastic_nodes num_gpus master_port master_addr node_rank launcher "
    "launcher_args enable_each_rank_log autotuning bind_core_list ssh_port venv_script log_level elastic_training_args",
    flags="module no_python no_local_rank no_ssh no_ssh_check force_multi save_pid elastic_training bind_cores_to_rank quiet help",
    aliases="H=hostfile i=include e=exclude q=quiet h=help num_accelerators=num_gpus",
)
"""deepspeed/launcher/runner.py parse_args (0.9 to 0.19)."""

ACCELERATE = option_syntax(
    values="config_file mixed_precision num_processes num_machines num_cpu_threads_per_process dynamo_backend dynamo_mode gpu_ids "
    "machine_rank main_process_ip main_process_port tee log_dir role rdzv_backend rdzv_conf max_restarts monitor_interval vm env "
    "main_training_function deepspeed_config_file zero_stage offload_optimizer_device offload_param_device offload_optimizer_nvme_path "
    "offload_param_nvme_path gradient_accumulation_steps gradient_clipping zero3_init_flag zero3_save_16bit_model deepspeed_hostfile "
    "deepspeed_exclusion_filter deepspeed_inclusion_filter deepspeed_multinode_launcher deepspeed_moe_layer_cls_names fsdp_version "
    "fsdp_offload_params fsdp_min_num_params fsdp_sharding_strategy fsdp_reshard_after_forward fsdp_auto_wrap_policy "
    "fsdp_transformer_layer_cls_to_wrap fsdp_backward_prefetch fsdp_backward_prefetch_policy fsdp_state_dict_type fsdp_forward_prefetch "
    "fsdp_use_orig_params fsdp_cpu_ram_efficient_loading fsdp_sync_module_states fsdp_activation_checkpointing "
    "fsdp_activation_checkpointing_offload megatron_lm_tp_degree "
    "megatron_lm_use_custom_fsdp megatron_lm_no_load_optim megatron_lm_eod_mask_loss megatron_lm_overlap_cpu_optimizer_d2h_h2d "
    "megatron_lm_no_save_optim megatron_lm_optimizer_cpu_offload megatron_lm_use_precision_aware_optimizer "
    "megatron_lm_decoder_last_pipeline_num_layers megatron_lm_pp_degree megatron_lm_num_micro_batches megatron_lm_sequence_parallelism "
    "megatron_lm_recompute_activations megatron_lm_use_distributed_optimizer megatron_lm_gradient_clipping "
    "megatron_lm_recompute_granularity megatron_lm_recompute_method megatron_lm_recompute_num_layers megatron_lm_attention_backend "
    "megatron_lm_expert_model_parallel_size megatron_lm_context_parallel_size megatron_lm_attention_dropout megatron_lm_hidden_dropout "
    "megatron_lm_attention_softmax_in_fp32 megatron_lm_expert_tensor_parallel_size megatron_lm_calculate_per_token_loss "
    "megatron_lm_use_rotary_position_embeddings fp8_backend fp8_margin fp8_interval fp8_format fp8_amax_history_len "
    "fp8_amax_compute_algo fp8_override_linear_precision fp8_opt_level fp8_enable_fsdp_float8_all_gather fp8_pad_inner_dim "
    "aws_access_key_id aws_secret_access_key mpirun_hostfile mpirun_ccl parallelism_config_dp_replicate_size "
    "parallelism_config_dp_shard_size parallelism_config_tp_size parallelism_config_cp_size parallelism_config_cp_backend "
    "parallelism_config_cp_comm_strategy parallelism_config_sp_size parallelism_config_sp_backend parallelism_config_sp_seq_length "
    "parallelism_config_sp_seq_length_is_variable parallelism_config_sp_attn_implementation",
    flags="quiet cpu multi_gpu tpu ipex use_mps_device use_xpu fp16 enable_cpu_affinity dynamo_use_fullgraph dynamo_use_dynamic "
    "dynamo_use_regional_compilation use_deepspeed use_fsdp use_parallelism_config use_megatron_lm same_network module no_python "
    "tpu_cluster no_tpu_cluster tpu_use_cluster tpu_use_sudo downcast_bf16 fp8_use_autocast_during_eval debug help",
    aliases="q=quiet t=tee m=module h=help",
    abbreviations=False,
)
"""accelerate/commands/launch.py launch_command_parser (0.20 to 1.15): hyphens and underscores alike, no abbreviations."""

PYTHON = OptionSyntax(
    {**dict.fromkeys(("c", "m", "W", "X", "check_hash_based_pycs"), 1), **dict.fromkeys("bBdEhiIOPqRsStuvVx", 0), "help": 0, "version": 0},
    abbreviations=False,
)
"""`python --help`, CPython 3.8 to 3.14."""

COLOSSALAI = option_syntax(
    values="hostfile include exclude num_nodes nproc_per_node master_port master_addr extra_launch_args ssh_port",
    flags="m",
    aliases="H=hostfile",
)
"""colossalai/cli/launcher/__init__.py `run`."""

COMPOSER = option_syntax(
    values="nproc stdout stderr world_size base_rank node_rank master_addr master_port",
    flags="verbose module_mode command_mode version help",
    aliases="n=nproc v=verbose m=module_mode c=command_mode h=help",
)
"""composer/cli/launcher.py."""
