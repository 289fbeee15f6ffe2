"""How the parameters of models are called, by family, so that a module path of a script can be told to be a part of the model.

Names as `named_parameters()` gives them, with the shorter paths by which scripts reach the same modules (properties such as
`model.visual`, and the names of releases before transformers 4.52). Sources: modeling files of transformers 4.40 to 5.24 and the
model code of the repositories named; one or two parameters stand for each part.
"""

import re
from collections.abc import Iterable

from lintune.frameworks.inventory import Part
from lintune.scripts.walk.weights import Leaf
from lintune.source.record import dataclass

_DECODER = ("layers.0.self_attn.q_proj", "layers.0.self_attn.k_proj", "layers.0.self_attn.v_proj", "layers.0.self_attn.o_proj")
_MLP = ("layers.0.mlp.gate_proj", "layers.0.mlp.up_proj", "layers.0.mlp.down_proj")
_LAST = ("layers.99.self_attn.q_proj",)
_CLIP = (
    "vision_model.encoder.layers.0.self_attn.q_proj",
    "vision_model.encoder.layers.0.mlp.fc1",
    "vision_model.encoder.layers.0.layer_norm1",
)


@dataclass(frozen=True, slots=True)
class Layout:
    """A family of models."""

    name: str
    marks: frozenset[str]
    """Modules that only models of this family have."""
    classes: str
    """A pattern of the names of its classes."""
    roots: tuple[tuple[Part, tuple[str, ...], tuple[str, ...]], ...]
    """For each part: its prefixes (the real one first), and names of modules below it."""

    def leaves(self) -> Iterable[tuple[Part, Leaf]]:
        """The parameters that stand for the parts."""
        for part, prefixes, modules in self.roots:
            for module in modules:
                names = tuple(".".join(filter(None, (prefix, module, "weight"))) for prefix in prefixes)
                yield part, Leaf(names, _kind(part, module))


def _kind(part: Part, module: str) -> str:
    if part == "embed":
        return "embedding"
    return "norm" if "norm" in module or module == "ln_q" else "conv" if "patch_embedding" in module else "linear"


def _layout(name: str, marks: str, classes: str, text: str, *towers: tuple[Part, str, tuple[str, ...]]) -> Layout:
    """`text` holds the prefixes of the decoder, then those of the head, each list after a `:`."""
    decoder, _, head = text.partition(":")
    below = tuple(decoder.split())
    roots: list[tuple[Part, tuple[str, ...], tuple[str, ...]]] = [
        ("llm", below, (*_DECODER, *_MLP, "layers.0.input_layernorm", *_LAST)),
        ("embed", below, ("embed_tokens",)),
        ("lm_head", tuple(head.split()), ("",)),
    ]
    roots += [(part, tuple(prefixes.split()), modules) for part, prefixes, modules in towers]
    return Layout(name, frozenset(marks.split()), classes, tuple(roots))


LAYOUTS = (
    _layout(  # openbmb/MiniCPM-V-2_6 modeling_minicpmv.py
        *("minicpm-v", "vpm resampler apm", r"MiniCPM[-_]?(Llama3[-_]?)?[VvOo]\b|MiniCPMV|MiniCPMO", "llm.model:llm.lm_head"),
        ("vision", "vpm", ("encoder.layers.0.self_attn.q_proj", "encoder.layers.0.mlp.fc1", "embeddings.patch_embedding")),
        ("projector", "resampler", ("kv_proj", "attn.out_proj", "ln_q")),
    ),
    _layout(  # haotian-liu/LLaVA@c121f04 llava_arch.py
        *("llava", "mm_projector", "^Llava(?!.*ForConditional)", "model:lm_head"),
        ("vision", "model.vision_tower.vision_tower model.vision_tower", _CLIP),
        ("projector", "model.mm_projector", ("0", "2")),
    ),
    _layout(  # OpenGVLab/InternVL@2410d1d modeling_internvl_chat.py
        *("internvl", "mlp1", r"InternVLChat|InternVL\d", "language_model.model:language_model.lm_head language_model.output"),
        ("vision", "vision_model", ("encoder.layers.0.attn.qkv", "encoder.layers.0.mlp.fc1", "embeddings.patch_embedding")),
        ("projector", "mlp1", ("1", "3")),
    ),
    _layout(  # transformers models/qwen2_vl, qwen2_5_vl, qwen3_vl
        *("qwen-vl", "visual merger", "Qwen.*VL", "model.language_model language_model model:lm_head"),
        ("vision", "model.visual visual", ("blocks.0.attn.qkv", "blocks.0.mlp.fc1", "blocks.0.norm1", "blocks.99.attn.qkv")),
        ("projector", "model.visual.merger visual.merger", ("mlp.0", "mlp.2", "ln_q")),
    ),
    _layout(  # transformers models/idefics3, smolvlm
        *("idefics3", "connector text_model", "SmolVLM|Idefics3", "model.text_model text_model:lm_head"),
        ("vision", "model.vision_model vision_model", ("encoder.layers.0.self_attn.q_proj", "encoder.layers.0.mlp.fc1")),
        ("projector", "model.connector connector", ("modality_projection.proj",)),
    ),
    _layout(  # transformers models/llava, gemma3, mllama, paligemma, mistral3
        *("multimodal", "multi_modal_projector", "Llava.*ForConditional|Gemma3ForConditional|Mllama|PaliGemma|Mistral3"),
        "model.language_model language_model.model language_model:lm_head language_model.lm_head",
        ("vision", "model.vision_tower vision_tower model.vision_model vision_model", (*_CLIP, "transformer.layers.0.self_attn.q_proj")),
        ("projector", "model.multi_modal_projector multi_modal_projector", ("linear_1", "linear_2")),
    ),
    _layout(  # microsoft/Phi-3.5-vision-instruct modeling_phi3_v.py
        *("phi3-v", "vision_embed_tokens img_processor img_projection", "Phi3V", "model:lm_head"),
        ("vision", "model.vision_embed_tokens.img_processor", _CLIP),
        ("projector", "model.vision_embed_tokens.img_projection", ("0", "2")),
    ),
    _layout("decoder", "", r"ForCausalLM|Fast(Language)?Model|GPT|Llama|Qwen2Model", "model:lm_head"),  # transformers models/llama
)
"""The families, the plain decoder last."""
_ANY = re.compile(r"[A-Za-z_]\w*")


def layout_of(loaded: str, paths: Iterable[str], name: str = "") -> Layout | None:
    """The family of a model; None where it is not certain.

    Told from the class that loads it, the modules that the script names, and for transformers' `Auto` classes the model's name.
    """
    words = {word for path in paths for word in _ANY.findall(path)}
    marked = [layout for layout in LAYOUTS if layout.marks & words]
    if len(marked) == 1:
        return marked[0]
    last = loaded.removesuffix(".from_pretrained").rpartition(".")[2]
    if last.startswith("Auto") and name:
        known = [layout for layout in LAYOUTS[:-1] if re.search(layout.classes, name)]
        if known:
            return known[0] if not marked or known[0] in marked else None
    named = [layout for layout in LAYOUTS if re.search(layout.classes, last)]
    if marked:
        return next((layout for layout in named if layout in marked), None)
    return named[0] if named else None
