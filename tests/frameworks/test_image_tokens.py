"""Tokens of the largest image of the Qwen-VL family, in the frameworks that train it."""

import pytest

from lintune.frameworks.image_tokens import side_of
from lintune.run.known import data

QWENVL = "torchrun qwenvl/train/train_qwen.py --dataset_use my_data --tune_mm_llm True"
TWO_U1 = "deepspeed src/train/train_sft.py --freeze_llm True --freeze_merger True --lora_enable False"


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("Qwen/Qwen2-VL-7B-Instruct", 28),
        ("Qwen/Qwen2.5-VL-3B-Instruct", 28),
        ("qwen2_5_vl", 28),
        ("Qwen/Qwen3-VL-30B-A3B-Instruct", 32),
        ("qwen3_vl_moe", 32),
        ("Qwen/Qwen2.5-7B-Instruct", None),
        ("Qwen/Qwen3-8B", None),
        ("llama3", None),
    ],
)
def test_side(name: str, side: int | None) -> None:
    """28 pixels a side until Qwen2.5-VL, 32 since; nothing for other models."""
    assert side_of(name) == side


@pytest.mark.parametrize(
    ("launch", "tokens"),
    [
        (f"{QWENVL} --model_name_or_path Qwen/Qwen2.5-VL-7B-Instruct", 576),
        (f"{QWENVL} --model_name_or_path Qwen/Qwen3-VL-8B-Instruct --max_pixels 1048576", 1024),
        (f"{QWENVL} --model_name_or_path ./mine --max_pixels 1048576", None),
        (f"{TWO_U1} --model_id Qwen/Qwen2-VL-7B-Instruct --image_max_pixels 1003520", 1280),
        (f"{TWO_U1} --model_id Qwen/Qwen2-VL-7B-Instruct --image_max_pixels $PIXELS", None),
        ("swift sft --model Qwen/Qwen3-VL-8B-Instruct", None),
    ],
)
def test_launches(make_run, launch: str, tokens: int | None) -> None:  # type: ignore[no-untyped-def]
    """Pixels over the square of a token; not known where the model, or the pixels, are not."""
    assert data(make_run(launch).get("derived.images_tokens")) == tokens


@pytest.mark.parametrize(
    ("model", "environment", "tokens"),
    [
        ("Qwen/Qwen2.5-VL-7B-Instruct", {"MAX_PIXELS": "1003520"}, 1280),
        ("Qwen/Qwen2.5-VL-7B-Instruct", {"MAX_PIXELS": "many"}, None),
        ("Qwen/Qwen3-VL-8B-Instruct", {"MAX_PIXELS": "1048576"}, 1024),
        ("Qwen/Qwen3-VL-8B-Instruct", {"MAX_PIXELS": "1048576", "IMAGE_MAX_TOKEN_NUM": "512"}, 512),
        ("Qwen/Qwen3-8B", {"MAX_PIXELS": "1048576"}, None),
    ],
)
def test_swift(make_run, model: str, environment: dict[str, str], tokens: int | None) -> None:  # type: ignore[no-untyped-def]
    """The environment's pixels; the count of tokens wins for models that have it."""
    run = make_run(f"swift sft --model {model}", environment=environment)
    assert data(run.get("derived.images_tokens")) == tokens
