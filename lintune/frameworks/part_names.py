"""How the parameters of models are called, by family, so that a module path of a script can be told to be a part of the model.

Names as `named_parameters()` gives them, with the shorter paths by which scripts reach the same modules (properties such as
`model.visual`, and the names of releases before transformers 4.52). Sources: modeling files of transformers 4.40 to 5.24 and the
model code of the repositories named; one or two parameters stand for each part.
"""

import re
from collections.abc import Iterable
from typing import Any

from lintune.frameworks.inventory import PARTS, Part
from lintune.scripts.walk.weights import Leaf
from lintune.source.record import dataclass

_DECODER = ("layers.0.self_attn.q_proj", "layers.0.self_attn.k_proj", "layers.0.self_attn.v_proj", "layers.0.self_attn.o_proj")
_MLP = ("layers.0.mlp.gate_proj", "layers.0.mlp.up_proj", "layers.0.mlp.down_proj")
_LAST = ("layers.99.self_attn.q_proj",)
_LLAMA = (*_DECODER, *_MLP, "layers.0.input_layernorm", *_LAST, "embed_tokens")
_GPT = ("h.0.attn.c_attn", "h.0.attn.c_proj", "h.0.mlp.w1", "h.0.mlp.w2", "h.0.mlp.c_proj", "h.0.ln_1", "h.99.attn.c_attn", "wte")
_GLM2 = (
    *("encoder.layers.0.self_attention.query_key_value", "encoder.layers.0.self_attention.dense", "encoder.layers.0.mlp.dense_h_to_4h"),
    *("encoder.layers.0.input_layernorm", "encoder.layers.99.self_attention.query_key_value", "embedding.word_embeddings"),
)
_GLM = (
    *("layers.0.attention.query_key_value", "layers.0.attention.dense", "layers.0.mlp.dense_h_to_4h", "layers.0.input_layernorm"),
    *("layers.99.attention.query_key_value", "word_embeddings"),
)
_INTERNLM2 = (
    *("layers.0.attention.wqkv", "layers.0.attention.wo", "layers.0.feed_forward.w1", "layers.0.feed_forward.w2"),
    *("layers.0.feed_forward.w3", "layers.0.attention_norm", "layers.99.attention.wqkv", "tok_embeddings"),
)
_PACK = ("layers.0.self_attn.W_pack", "layers.0.self_attn.o_proj", "layers.99.self_attn.W_pack")
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
    if module == "?.?":
        return "any"
    if part == "embed":
        return "embedding"
    if "norm" in module or module.rpartition(".")[2].startswith("ln_"):
        return "norm"
    return "conv" if "patch_embedding" in module or module == "conv1" else "linear"


def _layout(name: str, marks: str, classes: str, text: str, *rest: tuple[Any, ...]) -> Layout:
    """`text` holds the prefixes of the decoder, then those of the head, each list after a `:`.

    Then the modules of the decoder may follow, the embedding last, and the towers: part, prefixes, modules.
    """
    decoder, _, head = text.partition(":")
    below = tuple(decoder.split())
    modules = next((each for each in rest if each[0] not in PARTS), _LLAMA)
    roots: list[tuple[Part, tuple[str, ...], tuple[str, ...]]] = [
        ("llm", below, modules[:-1]),
        ("embed", below, modules[-1:]),
        ("lm_head", tuple(head.split()), ("",)),
    ]
    roots += [(each[0], tuple(each[1].split()), each[2]) for each in rest if each[0] in PARTS]
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
    _layout(  # Qwen/Qwen-VL modeling_qwen.py, visual.py
        *("qwen-vl-1", "", r"(?:^|/)Qwen-VL(-Chat)?\b|QWenVL|Monkey", "transformer:lm_head", _GPT),
        ("vision", "transformer.visual", ("transformer.resblocks.0.attn.in_proj", "transformer.resblocks.0.mlp.c_fc", "conv1", "ln_post")),
        ("projector", "transformer.visual.attn_pool", ("kv_proj", "attn.out_proj", "ln_q")),
    ),
    _layout(  # internlm/internlm-xcomposer2 modeling_internlm_xcomposer2.py
        *("xcomposer", "vit vision_proj", r"internlm-xcomposer2", "model:output", _INTERNLM2),
        ("vision", "vit.vision_tower vit", _CLIP),
        ("projector", "vision_proj", ("0", "2")),
    ),
    _layout("chatglm-2", "", r"chatglm[23]|glm-4-9b|codegeex2", "transformer:transformer.output_layer", _GLM2),  # THUDM/chatglm2-6b
    _layout("chatglm", "", r"chatglm-6b", "transformer:lm_head", _GLM),  # THUDM/chatglm-6b
    _layout("qwen-1", "", r"QWen(?:LMHead)?Model|(?:^|/)Qwen-\d", "transformer:lm_head", _GPT),  # Qwen/Qwen-7B
    _layout("baichuan", "", r"(?i)baichuan", "model:lm_head", (*_PACK, *_MLP, "layers.0.input_layernorm", "embed_tokens")),
    _layout("internlm-2", "", r"(?i)internlm(2|3)-\d", "model:output", _INTERNLM2),
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
MADE = "made"
"""The name of a layout that paths alone tell."""
_ANY = re.compile(r"[A-Za-z_]\w*")
_BESIDE = frozenset(("norm", "ln_f", "rotary_emb", "drop", "final_layernorm", "final_norm", "wpe", "embed_positions"))
"""Modules of a decoder that no part is told by."""
_TOPS = frozenset(("model", "transformer", "base_model", "lm_head", "output"))
_SEES = re.compile(r"vis|vit|image|video|clip|vpm|siglip|eva")
_JOINS = re.compile(
    r"projector|merger|resampler|connector|vision2text|abstractor|aligner|(?i:q_?former)|perceiver|mlp1|attn_pool|mm_mlp|multi_modal_proj|"
    r"(?:vision|vl|img|image|visual|llama|language|text|input|opt)_proj(?:ection)?\b|bridge|adapter_layers"
)
_SPEAKS = re.compile(r"^(?:language_model|llm|lang_encoder|text_model|language_decoder|llama_model|llama|llm_model|lm|opt_model)$")


def layout_of(loaded: str, words: Iterable[str], name: str = "", paths: Iterable[tuple[str, bool]] = ()) -> Layout | None:
    """The family of a model; None where it is not certain.

    Told from the class that loads it, the modules that the script names (`words`), and for transformers' `Auto` classes the
    model's name. A family that has no place for one of the module paths is none; then the paths tell what they can. With each
    path stands whether weights there are switched: of modules that are only put there, towers alone tell something.
    """
    found = {word for path in words for word in _ANY.findall(path)}
    paths = [(path.partition("[")[0].partition("@")[0].rstrip("."), switched) for path, switched in paths]
    places = [path for path, switched in paths if switched or _tower(path) is not None]
    made = [path for path, switched in paths if not switched]
    fitting = [layout for layout in LAYOUTS if all(_has_place(layout, path) for path in places) and _is_built_so(layout, made)]
    marked = [layout for layout in fitting if layout.marks & found]
    last = loaded.removesuffix(".from_pretrained").rpartition(".")[2]
    if last.startswith("Auto") and name:
        known = next((layout for layout in LAYOUTS[:-1] if re.search(layout.classes, name)), None)
        if known is not None:
            return known if known in fitting and (not marked or not known.marks or known in marked) else None
    named = [layout for layout in fitting if re.search(layout.classes, last)]
    both = [layout for layout in named if layout in marked]
    chosen = both or (marked if len(marked) == 1 else [] if marked else named)
    layout = chosen[0] if chosen else _made(list(paths))
    return _without_head(layout) if layout is not None and _NO_HEAD.search(last) else layout


_NO_HEAD = re.compile(r"For(?:Sequence|Token)Classification|ForReward|RewardModel")


def _without_head(layout: Layout) -> Layout:
    return Layout(layout.name, layout.marks, layout.classes, tuple(root for root in layout.roots if root[0] != "lm_head"))


def _tower(path: str) -> tuple[Part, str] | None:
    """The tower that a path leads into, or what joins one to the decoder, with the path to its top."""
    parts = path.split(".")
    found: tuple[Part, str] | None = None
    for index, word in enumerate(parts):
        if _JOINS.search(word):
            return "projector", ".".join(parts[: index + 1])
        if _SEES.search(word) and found is None:
            found = "vision", ".".join(parts[: index + 1])
    return found


def _has_place(layout: Layout, path: str) -> bool:
    """Whether a family has a module at a path, as far as its parts tell."""
    if not path or ("." not in path and _tower(path) is None and not _SPEAKS.match(path) and path not in _TOPS):
        return True  # beside the parts: a head, tokens that are learnt
    below: set[str] = set()
    inside = False
    for part, prefixes, modules in layout.roots:
        for prefix in prefixes:
            if f"{prefix}.".startswith(f"{path}.") or (part not in ("llm", "embed") and f"{path}.".startswith(f"{prefix}.")):
                return True
            if f"{path}.".startswith(f"{prefix}."):
                inside = True
                below.update(module.partition(".")[0] for module in modules)
                if path[len(prefix) + 1 :].partition(".")[0] in below | _BESIDE:
                    return True
    return not inside and path.rpartition(".")[2] in _BESIDE


def _is_built_so(layout: Layout, made: list[str]) -> bool:
    """Whether towers that are put together of modules hold those by which a family tells its own."""
    for part, prefixes, modules in layout.roots:
        inner = [path for path in made if any(path.startswith(f"{prefix}.") for prefix in prefixes)]
        names = [f"{prefix}.{module}." for prefix in prefixes for module in modules]
        if part in ("vision", "projector") and inner and not any(name.startswith(f"{path}.") for path in inner for name in names):
            return False
    return True


def _made(named: list[tuple[str, bool]]) -> Layout | None:
    """What the paths of a model of the project's own tell: where its decoder, towers and what joins them are.

    A tower that is put together of modules, of which the paths tell, is told by these.
    """
    paths = [path for path, switched in named if switched or _tower(path) is not None]
    switched = {path for path, switched in named if switched}
    split = [path.split(".") for path in paths if path]
    decoder = next((parts[: index + 1] for parts in split for index, word in enumerate(parts) if _SPEAKS.match(word)), None)
    towers: dict[Part, set[str]] = {"vision": set(), "projector": set()}
    for path in paths:
        if (tower := _tower(path)) is not None:
            part, top = tower
            inner = any(each.startswith(f"{top}.") for each in paths)
            towers[part].add(path if inner and top not in switched else top)
    for part, found in towers.items():
        towers[part] = {path for path in found if path in switched or not any(each.startswith(f"{path}.") for each in found)}
    roots: list[tuple[Part, tuple[str, ...], tuple[str, ...]]] = []
    top = ".".join(decoder) if decoder else ""
    below = (f"{top}.model", top) if top else ("model",)
    roots += [("llm", below, _LLAMA[:-1]), ("embed", below, _LLAMA[-1:]), ("lm_head", (f"{top}.lm_head" if top else "lm_head",), ("",))]
    roots += [(part, (path,), _OPEN) for part, found in towers.items() for path in sorted(found)]
    made = Layout(MADE, frozenset(), "", tuple(roots))
    return made if any(towers.values()) and all(_has_place(made, path) for path in paths) else None


_OPEN = ("?.?",)
"""Some module of a tower whose modules are not known."""
