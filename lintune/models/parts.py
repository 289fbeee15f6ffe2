"""Which part of a model a module belongs to, by its dotted name: llm, embed, lm_head, vision, projector, audio."""

import re

PARTS = ("llm", "embed", "lm_head", "vision", "projector", "audio")
_PROJECTOR = re.compile(
    r"(?:^|\.)(?:multi_modal_projector|mm_projector|merger|deepstack_merger_list|connector|resampler|mlp1|aligner|qformer|query_tokens"
    r"|language_projection|vision_proj|embed_vision|modality_projection|visual\.attn_pool|visual\.proj|visual\.ln_post|image_newline"
    r"|perceiver_resampler|vit_merger|mm_proj|vl_connector|text_hidden_fcs)(?:\.|$)"
)
_VISION = re.compile(
    r"(?:^|\.)(?:visual|vision_tower|vision_model|vision_encoder|vpm|vit|image_encoder|vision|vision_backbone|sam_model|vqmodel"
    r"|vision_embed_tokens|image_vision|patch_embed|siglip)(?:\.|$)"
)
_AUDIO = re.compile(
    r"(?:^|\.)(?:audio_tower|audio_model|audio_encoder|apm|audio_projection_layer|embed_audio|tts|talker|token2wav)(?:\.|$)"
)
EMBEDS = ("embed_tokens", "wte", "tok_embeddings", "word_embeddings", "embed_in", "shared")
"""Names of input embeddings."""
HEADS = ("lm_head", "output", "output_layer", "embed_out")
"""Names of output heads."""


def part_of_module(name: str) -> str:
    """The part of a module that is no end of the language model."""
    if _AUDIO.search(name):
        return "audio"
    if _PROJECTOR.search(name):
        return "projector"
    return "vision" if _VISION.search(name) else "llm"
