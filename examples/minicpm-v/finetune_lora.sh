#!/bin/bash
# LoRA on MiniCPM-V 2.6, one node. Two things in here go wrong, and one is not what it says: `lintune check` names them.
set -eu

GPUS_PER_NODE=2
MODEL="openbmb/MiniCPM-V-2_6"
LLM_TYPE="qwen"
DATA="data/train.json"

LAUNCHER_ARGS="
    --nproc_per_node $GPUS_PER_NODE \
    --master_port 6001
"

torchrun $LAUNCHER_ARGS finetune.py \
    --model_name_or_path "$MODEL" \
    --llm_type "$LLM_TYPE" \
    --data_path "$DATA" \
    --use_lora true \
    --lora_target_modules "llm\..*layers\.\d+\.self_attn\.(q_proj|k_proj|v_proj|o_proj)" \
    --bf16 true \
    --model_max_length 2048 \
    --max_slice_nums 9 \
    --evaluation_strategy "no" \
    --save_strategy "steps" \
    --save_steps 500 \
    --max_steps 2000 \
    --per_device_train_batch_size 1 \
    --gradient_accumulation_steps 8 \
    --learning_rate 1e-5 \
    --lr_scheduler_type "cosine" \
    --warmup_ratio 0.01 \
    --gradient_checkpointing true \
    --deepspeed ds_zero2.json \
    --output_dir output/lora
