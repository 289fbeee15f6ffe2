"""Builds the tower and the projector by name."""

import os
import re

import torch.nn as nn
from transformers import CLIPVisionModel


class CLIPVisionTower(nn.Module):
    def __init__(self, vision_tower, args):
        super().__init__()
        self.select_layer = args.mm_vision_select_layer
        self.select_feature = getattr(args, "mm_vision_select_feature", "patch")
        self.tower = CLIPVisionModel.from_pretrained(vision_tower)
        self.tower.requires_grad_(False)

    def feature_select(self, features):
        if self.select_feature == "patch":
            return features[:, 1:]
        elif self.select_feature == "cls_patch":
            return features
        raise ValueError(f"Unexpected select feature: {self.select_feature}")


def build_vision_tower(vision_tower_cfg, **kwargs):
    vision_tower = getattr(vision_tower_cfg, "mm_vision_tower", getattr(vision_tower_cfg, "vision_tower", None))
    is_absolute_path_exists = os.path.exists(vision_tower)
    if is_absolute_path_exists or vision_tower.startswith("openai") or vision_tower.startswith("laion") or "ShareGPT4V" in vision_tower:
        return CLIPVisionTower(vision_tower, args=vision_tower_cfg, **kwargs)
    raise ValueError(f"Unknown vision tower: {vision_tower}")


def build_vision_projector(projector_type):
    if projector_type == "linear":
        return nn.Linear(8, 8)
    mlp_gelu_match = re.match(r"^mlp(\d+)x_gelu$", projector_type)
    if mlp_gelu_match:
        mlp_depth = int(mlp_gelu_match.group(1))
        modules = [nn.Linear(8, 8)]
        for _ in range(1, mlp_depth):
            modules.append(nn.GELU())
            modules.append(nn.Linear(8, 8))
        return nn.Sequential(*modules)
    if projector_type == "identity":
        return nn.Identity()
    raise ValueError(f"Unknown projector type: {projector_type}")
