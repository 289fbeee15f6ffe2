"""Whether a model reads images, by its family's name, where its shape is not known.

Families by the `architectures` of their config.json on the hub; a name of none of them says nothing.
"""

import re
from typing import Literal

Kind = Literal["llm", "vlm"]

_SEVERAL = re.compile(
    r"qwen3\.5-|[-_]vl\b|-vl-|llava|internvl|gemma-?3n|gemma-4-|glm-4\.\d+v|llama-4-|llama-3\.2-\d+b-vision|pixtral|smolvlm|idefics"
    r"|phi-3\.5-vision|minicpm-[vo]\b|minicpm-[vo]-|paligemma|qwen2\.5-omni|qwen3-omni|voxtral|ministral-3-|mistral-small-(?:3\.1|3\.2|4)-"
    r"|magistral-small-(?:2509)|kimi-vl|deepseek-vl|ovis|florence|got-ocr|aya-vision|molmo"
)
_TEXT = re.compile(
    r"open_llama|falcon|jamba|dbrx|pythia|cerebras-gpt|btlm|redpajama|replit-code|mamba|hunyuan-\d|apertus|seed-oss|xgen-7b|c4ai-command-r7b"
    r"|nemotron-(?:mini|3-nano|3-super)|glm-4\.5-air|minimax-m2|qwen3-next|kimi-linear|granite-4\.0|gpt-oss|deepcoder|devstral-small-2507"
    r"|cogito-v1-preview|orpheus-3b|llama-3(?:\.1)?-(?:8b|70b|405b)|gemma-3-270m|deepseek-v[234](?!l)|qwen3-30b|magistral-small-2506"
    r"|codegemma|lfm2(?!-vl)|functiongemma|llasa|glm-5\.|trinity-(?:nano|mini)|qwen3-\d+(?:\.\d+)?b|smollm\d?-|starchat2|zephyr-|mixtral|stablelm|bloom|opt-\d"
)


def kind_of(name: str) -> Kind | None:
    """`vlm` for a model with a vision or audio tower, `llm` for one of text; None where the name says neither."""
    last = name.rstrip("/").rpartition("/")[2].lower()
    if _SEVERAL.search(last):
        return "vlm"
    return "llm" if _TEXT.search(last) else None
