"""The common vocabulary: every dotted name of a run, with its unit and meaning."""

from lintune.source.record import dataclass


@dataclass(frozen=True, slots=True)
class Name:
    """A name of the vocabulary; one that ends in `.*` stands for all names below it."""

    name: str
    unit: str
    """`bytes`, `tokens`, `params`, `percent`, `steps` ...; empty for texts, switches and plain numbers."""
    meaning: str


def _names(text: str) -> dict[str, Name]:
    found = {}
    for line in text.strip().splitlines():
        name, unit, meaning = (part.strip() for part in line.split("|", 2))
        found[name] = Name(name, unit, meaning)
    return found


NAMES: dict[str, Name] = _names("""
framework                     |         | the framework that the launch was recognised as
path                          |         | the file that holds the launch
flag.*                        |         | an option of the entry script, with its default
option.*                      |         | an option of a script whose options are not understood
ds.*                          |         | a key of the DeepSpeed JSON
env.*                         |         | an environment variable that reaches the run
pins.*                        |         | the versions of a package that are in force
item.*                        |         | a field of the item that a rule looks at
task.stage                    |         | sft, dpo, grpo and the like
rl.beta                       |         | weight of the distance to the reference model
rl.ref_model                  |         | the reference model
rl.prompts                    | samples | prompts per round of generation
rl.mini_batch                 | samples | prompts per optimizer step
rl.dynamic_batch              |         | whether micro batches are filled by tokens
rl.rollout_tp                 | processes | tensor parallel size of the generating engine
rl.num_generations            |         | completions per prompt
rl.steps_per_generation       | steps   | micro batches per round of generation
rl.gen_batch                  | samples | completions per round of generation
rl.vllm_mode                  |         | colocate or server
launch.framework              |         | the framework that the launch was recognised as
launch.launcher               |         | the launcher: torchrun, deepspeed, accelerate, python or another
launch.certain                |         | whether the command runs in every execution of the script
launch.module                 |         | whether the entry is a module (`-m`)
launch.cwd                    |         | the folder of the launch, relative to where the script is started
launch.entry                  |         | the entry script or module as written
launch.config_joined          |         | the word `--config=FILE`, where it is written as one
launch.json_config            |         | the JSON file that is given instead of a YAML file
launch.entry_file             |         | the file of an entry module
launch.args                   |         | the words that the entry script receives
launch.folder                 |         | the folder from which relative paths of the launch are taken
launch.option.*               |         | an option of the launcher
launch.accelerate.*           |         | a key of the accelerate configuration
launch.nproc                  | processes | processes per node
launch.nnodes                 | nodes   | nodes
launch.env_set                |         | the environment variables that the launch sets itself
launch.visible                | cards   | cards that the launch can see
launch.background             |         | whether the launch is started with `&`
launch.port                   |         | the port on which the processes meet
launch.port_taken_by          |         | the same port, where an earlier launch of the script still holds it
readme.tuning                 |         | the tuning that the README claims for the launch script: full, lora or qlora
launch.wrappers               |         | the programs in front of the launcher: srun, nohup and the like
launch.slurm.*                |         | what srun or `#SBATCH` ask for: nodes, job_nodes, ntasks, tasks_per_node, gpus, mem (bytes)
launch.mpi.*                  |         | the processes that mpirun starts
launch.hosts                  |         | the cards used per host of deepspeed's hostfile
launch.hostfile_found         |         | whether the hostfile that deepspeed is given exists
launch.node_rank              |         | the rank of this node
launch.master_addr            |         | the address of the first node
launch.master_port            |         | the port of the first node
launch.sibling                |         | which of one author's repositories the script belongs to
launch.layout                 |         | old or new: where that repository keeps its scripts
task.stage                    |         | sft, dpo, grpo or cls
gpu.name                      |         | the card's name
gpu.count                     | cards   | cards per node
gpu.memory_bytes              | bytes   | the memory of one card, as marketed (an upper bound)
gpu.compute_capability        |         | CUDA compute capability
gpu.bf16                      |         | whether the card computes in bf16
gpu.tf32                      |         | whether the card has TF32
script.config                 |         | the call by which the script makes its training configuration
script.path                   |         | the entry script that was read
script.args_file              |         | the file beside the script whose words come before the command line
script.rank0_save             |         | whether the script calls `save_model` under `local_rank == 0`
script.sign.*                 |         | signs of a script: a callback that thaws late (late_thaw), early stopping (early_stopping), more
script.takes_local_rank       |         | the spellings of `--local_rank` that an argparse script takes
script.device_map             |         | how the script places its model: auto, or placed for a mapping to devices
script.loaded_early           |         | whether the model is loaded before the training arguments are made: DeepSpeed is not known yet
script.trainer.*              |         | the class whose method or argument newer releases call otherwise
script.imports                |         | the packages that the script imports
script.library_names          |         | what the script imports from transformers, TRL and PEFT as a whole
script.bases                  |         | the library classes whose options the launch takes
script.program                |         | the class whose own checks the launch goes through: ms-swift.RLHFArguments, trl.SFTConfig
script.post_init              |         | the fields that a `__post_init__` of the script may set before the library's
script.compared.*             |         | the values that the script compares an option with
script.raises.*               |         | whether the script refuses this launch by a guard over these options, in alphabetical order
trainer.kind                  |         | the class of the one Trainer that the script makes: SFTTrainer
trainer.package               |         | the library that the class comes from
trainer.*                     |         | an argument of its call: true where it is certainly given; with `_kind` the class that made it
model.id                      |         | the model as given: a hub name or a path
model.name                    |         | the known model that it is
model.family                  |         | the family: minicpm-v or omnilmm
model.kind                    |         | llm or vlm
model.recognised_by           |         | name (the hub name), folder (the last component of a path) or config (config.json)
model.expected_llm_type       |         | the `llm_type` that belongs to the model
model.template                |         | the prompt template or `llm_type` that is asked for
model.known_templates         |         | the values of `llm_type` that the data code knows
model.llm                     |         | the language model inside
model.load_dtype              |         | the type in which weights are loaded
model.dtype                   |         | the type in which the model was published and trained: bf16 or fp16
model.config                  |         | the config.json at hand that the facts of the model come from
model.prequantised            |         | whether the weights are stored quantised (config.json `quantization_config`)
model.max_positions           | tokens  | the longest text that the model was made for (config.json `max_position_embeddings`)
model.hidden                  |         | hidden size of the language model
model.hidden_size_level       |         | where config.json keeps hidden_size: top or nested
model.layers                  | layers  | decoder layers
model.heads                   | heads   | attention heads
model.kv_heads                | heads   | key and value heads
model.intermediate            |         | width of the MLP
model.vocab                   | tokens  | size of the vocabulary
model.vision_layers           | layers  | layers of the vision tower as loaded
model.notes                   |         | what is not certain about the model's facts
model.quant.method            |         | quantisation of the base weights
model.quant.bits              | bits    | bits per quantised weight
model.block_class             |         | the class of the transformer blocks
model.class_prefix            |         | how the names of the model's classes begin
model.loader                  |         | the call that loads the model in a training script
model.attn                    |         | the attention implementation that is asked for
model.quant.bits              | bits    | bits of the quantised base weights
model.quant.type              |         | nf4 or fp4
model.quant.double            |         | whether the quantisation constants are quantised again
model.attn                    |         | the attention implementation that is asked for
model.tied                    |         | whether the output head shares the weights of the input embedding
model.loaded_as               |         | the class that the script chooses by the model's name
model.vision_tower            |         | the vision tower that is named beside the language model
model.projector_width         |         | the hidden size that the loaded projector was trained for
model.pretrained_projector    |         | the trained projector that is loaded
model.params.exact            |         | whether the counts equal a published total to the parameter
model.params.total            | params  | parameters of the model as loaded
model.params.llm              | params  | of the decoder layers and the final norm
model.params.embed            | params  | of the input embedding
model.params.lm_head          | params  | of the output head; 0 where tied
model.params.vision           | params  | of the vision tower
model.params.projector        | params  | of the projector (resampler)
tune.llm.mode                 |         | mode of the decoder layers: frozen, full, lora, saved_copy, a sum of these, or conflict
tune.embed.mode               |         | mode of the input embedding
tune.lm_head.mode             |         | mode of the output head
tune.vision.mode              |         | mode of the vision tower
tune.projector.mode           |         | mode of the projector
tune.audio.mode               |         | mode of the audio tower
tune.head.mode                |         | mode of a head for classes, scores or values
tune.twice                    |         | parts that get LoRA and are trained in full at once
tune.switch                   |         | the setting that decides which parts are trained, where there is one
tune.conflict                 |         | whether the script refuses the combination of tuning flags
adapter.kind                  |         | none or lora
adapter.full_finetuning       |         | whether Unsloth is told to train every weight beside its adapter
adapter.input_grads           |         | whether the script lets gradients pass the frozen embedding, where it wraps the model itself
adapter.wrapped               |         | whether the script itself puts the adapter around the model
adapter.rank                  |         | LoRA rank
adapter.alpha                 |         | LoRA alpha
adapter.dropout               |         | LoRA dropout
adapter.bias                  |         | which biases are trained: none, all, lora_only
adapter.targets               |         | the target modules: a regular expression or names
adapter.layers                |         | the layers LoRA is limited to
adapter.resume                |         | the adapter that is trained on
adapter.modules_to_save       |         | modules trained in full as copies beside the originals
adapter.matched               | modules | modules that the target matches
adapter.unsupported           | modules | matched modules that can hold no LoRA
adapter.params                | params  | LoRA parameters
adapter.copied_params         | params  | parameters of the saved copies
optim.name                    |         | the optimizer asked for
optim.lr                      |         | the learning rate asked for
optim.weight_decay            |         | weight decay
optim.beta1                   |         | Adam's first beta
optim.beta2                   |         | Adam's second beta
optim.eps                     |         | Adam's epsilon
optim.clip                    |         | largest gradient norm
optim.lora_b_ratio            |         | LoRA+: the rate of B over that of A
optim.target_modules          |         | modules of a low-rank optimizer
optim.lr_of.*                 |         | the learning rate asked for a part: vision, projector
optim.own_groups              |         | whether parts can have rates of their own: the trainer makes groups, and nothing overrides it
sched.type                    |         | the schedule asked for
sched.warmup_ratio            |         | share of the steps that warm up
sched.warmup_steps            | steps   | steps that warm up
precision.compute             |         | bf16, fp16 or fp32
precision.weights             |         | the type of the weights during training
precision.pure                |         | whether everything is in bf16, without autocast and fp32 copies
precision.fp16                |         | whether fp16 is on
precision.bf16                |         | whether bf16 is on
precision.tf32                |         | whether TF32 is on
batch.micro                   | samples | samples per GPU and step of the backward pass
batch.eval_micro              | samples | samples per GPU in evaluation
batch.accum                   | steps   | backward passes per optimizer step
batch.global_declared         | samples | samples per optimizer step as asked for
batch.packing                 |         | whether samples are packed to full length
batch.padding_free            |         | whether batches are flattened instead of padded
batch.group_by_length         |         | whether samples of like length are batched
batch.group_by_modality       |         | whether samples with and without images are batched apart
batch.packing                 |         | whether samples are packed into one sequence
seq.max_len                   | tokens  | longest sample
seq.truncation                |         | what happens to longer samples
media.max_pixels              | pixels  | largest image
media.tiles                   | slices  | most slices of an image
media.tile_tokens             | tokens  | tokens of one slice
media.min_pixels              | pixels  | least pixels of an image
media.max_pixels              | pixels  | most pixels of an image
media.video_max_pixels        | pixels  | most pixels of a video
media.frames                  | frames  | frames of a video
media.fps                     |         | frames taken per second of video
par.ds.file                   |         | the DeepSpeed file
par.ds.stage                  |         | ZeRO stage
par.ds.offload_opt            |         | where optimizer states go: none, cpu, nvme
par.ds.offload_param          |         | where parameters go: none, cpu, nvme
par.ds.has_optimizer          |         | whether the file has an optimizer block
par.ds.has_scheduler          |         | whether the file has a scheduler block
par.ds.auto                   |         | keys set to auto
par.ds.fixed                  |         | keys with a value of their own
par.fsdp.mode                 |         | FSDP options
par.fsdp.on                   |         | whether parameters are sharded by FSDP
par.fsdp.version              |         | FSDP 1 or 2
par.fsdp.strategy             |         | what is sharded: FULL_SHARD, SHARD_GRAD_OP and the like
par.fsdp.reshard              |         | whether parameters are freed after the forward pass (or, in FSDP 1 files, the strategy)
par.fsdp.wrap                 |         | how modules are grouped: TRANSFORMER_BASED_WRAP, SIZE_BASED_WRAP, NO_WRAP
par.fsdp.wrap_class           |         | the layer classes that are wrapped
par.fsdp.min_params           | params  | the smallest module that is wrapped
par.fsdp.offload              |         | whether parameters go to the host
par.fsdp.orig_params          |         | whether the module's own parameters are kept beside the flat ones
par.fsdp.ram_efficient        |         | whether one process loads the weights for all
par.fsdp.ckpt                 |         | whether FSDP checkpoints activations
par.fsdp.state_dict           |         | how checkpoints are written
par.tp                        | processes | tensor parallel size
par.pp                        | processes | pipeline parallel size
par.ep                        | processes | expert parallel size
par.sp                        | processes | sequence parallel size (Ulysses)
par.cp                        | processes | context parallel size
mem.ckpt                      |         | whether gradient checkpointing is on
mem.ckpt_llm                  |         | whether the decoder layers are checkpointed, where that is a switch of its own
mem.ckpt_vision               |         | whether the vision tower is checkpointed, where that is a switch of its own
mem.kernels                   |         | fused kernels by name: cut_cross_entropy
mem.act_offload               |         | whether kept activations go to the host
mem.unsloth                   |         | whether Unsloth patches the model
mem.liger                     |         | whether Liger kernels are on
mem.compile                   |         | whether torch.compile is on
mem.empty_cache_steps         | steps   | steps after which the loop gives unused GPU memory back, before the largest batches come
data.train                    |         | training data
data.eval                     |         | evaluation data
data.eval_fraction            |         | share of the training data that is held back for evaluation
data.streaming                |         | whether data are streamed
data.media_root               |         | the folder of images
data.workers                  |         | loader processes
run.epochs                    | epochs  | passes over the data
run.max_steps                 | steps   | optimizer steps; -1 for none
run.eval_strategy             |         | no, steps or epoch
run.eval_steps                | steps   | steps between evaluations
run.save_strategy             |         | no, steps, epoch or best
run.save_steps                | steps   | steps between checkpoints
run.save_limit                |         | checkpoints that are kept
run.save_only_model           |         | whether checkpoints hold the model only
run.load_best                 |         | whether the best checkpoint is loaded at the end
run.metric                    |         | what best means
run.resume                    |         | the checkpoint to go on from
run.output_dir                |         | where checkpoints go
run.overwrite                 |         | whether an existing output folder is overwritten
run.seed                      |         | seed
run.report_to                 |         | trackers
run.logging_steps             | steps   | steps between log lines
derived.world_size            | processes | processes of the run
derived.model_parallel        | processes | processes that hold one copy of the model
derived.data_parallel         |         | copies of the model; 0 where the processes cannot be divided so
derived.global_batch          | samples | samples per optimizer step
derived.effective_sched       |         | the schedule that really runs
derived.effective_optim       |         | the optimizer that really runs
derived.effective_lr          |         | the learning rate that really applies
derived.effective_lr_of.*     |         | the learning rate that a trained part really gets
derived.trainable_parts       |         | parts that are not frozen
derived.trainable_params      | params  | trainable parameters
derived.trainable_matrices    | params  | of these, elements of matrices
derived.trainable.*           | params  | trainable parameters of a part
derived.total_params          | params  | all parameters, as model.parameters() counts them
derived.trainable_percent     | percent | trainable / total
derived.images_tokens         | tokens  | tokens that one image takes at most
memory.weights_bytes          | bytes   | weights per GPU
memory.master_bytes           | bytes   | fp32 master weights per GPU
memory.optimizer_bytes        | bytes   | optimizer states per GPU
memory.gradients_bytes        | bytes   | gradients per GPU
memory.step_bytes             | bytes   | what the optimizer step or the reduction needs beside them
memory.context_bytes          | bytes   | the CUDA context, at least
memory.floor_bytes            | bytes   | what is certainly held at once per GPU, without activations
memory.floor_exceeds_gpu      |         | whether that is more than the card has
memory.no_room_on             |         | the GPUs by name, where it is
memory.components             |         | the parts of the floor with their formulas
dry_run.action                |         | what the dry run did: count, trace, step or script
dry_run.ok                    |         | whether it answered
dry_run.assumptions           |         | what it took for granted
dry_run.config                |         | where the model's config came from
dry_run.model_class           |         | the class that was built
dry_run.total_params          | params  | all parameters, tied ones once, packed ones by their elements
dry_run.trainable_params      | params  | trainable parameters
dry_run.parts.*               | params  | per part: `params` and `trainable`
dry_run.adapter.kind          |         | the adapter that was put on
dry_run.adapter.matched       | modules | modules that got an adapter
dry_run.adapter.refused       |         | what PEFT said where it refused
dry_run.allocated_bytes       | bytes   | traced: peak of live tensors per GPU
dry_run.reserved_bytes        | bytes   | traced: what the caching allocator holds at most per GPU
dry_run.device_bytes          | bytes   | traced: what nvidia-smi would show per GPU
dry_run.low_bytes             | bytes   | lower edge of the band around it
dry_run.high_bytes            | bytes   | upper edge of the band around it
dry_run.host_bytes            | bytes   | traced: host memory per process
dry_run.peak_phase            |         | traced: the phase in which the peak stands: forward, backward or step
dry_run.peak_operator         |         | traced: the operator at the peak
dry_run.peak_module           |         | traced: the module at the peak
dry_run.closed_form_bytes     | bytes   | the closed form's figure for the same setting
dry_run.closed_form_off       | percent | how far the closed form is off the trace
dry_run.step.*                |         | of a real step: allocated_bytes, reserved_bytes, seconds, tokens_per_second, loss, finite
dry_run.script.*              |         | what the launch's own script did: total_params, trainable_params, modes, settings
""")
"""By name."""


def entry_of(name: str) -> Name | None:
    """The vocabulary's entry for a name: its own, or that of the group it belongs to."""
    found = NAMES.get(name)
    prefix = name
    while found is None and prefix:
        prefix = prefix.rpartition(".")[0]
        found = NAMES.get(f"{prefix}.*")
    return found


def unit_of(name: str) -> str:
    """The unit of a name; empty where it has none."""
    found = entry_of(name)
    return found.unit if found else ""
