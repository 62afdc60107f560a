"""make_heads.py - writes heads as their authors publish them, of a target of 16 numbers a token.

usage: make_heads.py VOCAB 16 FOLDER, with PyTorch and safetensors. The numbers are heads.py's, so what
s2d makes of the files must draft what that says: chains.jsonl. Nothing of it is needed to build or test
s2d; the files are kept.
"""
import json
import sys

import torch
from safetensors.torch import save_file
from torch import nn

import heads
from heads import DEPTH, DIM, EMBED, FFN, HEADS, HIDDEN, KV, VOCAB, bias, matrix, norm_weight

folder = sys.argv[3]
rows = []
SHORT = [t for t in range(VOCAB) if t % 3 == 1 or t < 20]
NAMES = {"q": HEADS * DIM, "k": KV * DIM, "v": KV * DIM}


def layer(at, attention):
    """A decoder layer but for its first norm."""
    out = {f"{at}self_attn.{name}": value for name, value in attention.items()}
    out[f"{at}self_attn.o_proj.weight"] = matrix("head.blk.attn_output.weight", HIDDEN, HEADS * DIM)
    out[f"{at}post_attention_layernorm.weight"] = norm_weight("head.blk.ffn_norm.weight")
    for ours, theirs, shape in (("gate", "gate", (FFN, HIDDEN)), ("up", "up", (FFN, HIDDEN)),
                                ("down", "down", (HIDDEN, FFN))):
        out[f"{at}mlp.{theirs}_proj.weight"] = matrix(f"head.blk.ffn_{ours}.weight", *shape)
    return out


def attention(wide=False):
    out = {}
    for letter, n in NAMES.items():
        weight = matrix(f"head.blk.attn_{letter}.weight", n, HIDDEN)
        if wide:
            weight = torch.cat([weight, matrix(f"head.hidden_{letter}.weight", n, HIDDEN)], 1)
        out[f"{letter}_proj.weight"] = weight
        out[f"{letter}_proj.bias"] = bias(f"head.blk.attn_{letter}.bias", n)
    return out


def parts(name, n):
    return torch.cat([matrix(f"head.{name}.{i}.weight", HIDDEN, HIDDEN) for i in range(n)], 1)


def eagle():
    return {"embed_tokens.weight": EMBED, "fc.weight": parts("fc", 2), "fc.bias": bias("head.fc.bias"),
            **layer("layers.0.", attention())}


def eagle3(at, ids):
    out = {"fc.weight": parts("fc", 3), "norm.weight": norm_weight("head.norm.weight"),
           "lm_head.weight": matrix("head.output.weight", len(ids) if ids else VOCAB, HIDDEN),
           f"{at}input_layernorm.weight": norm_weight("head.blk.attn_norm.weight"),
           f"{at}hidden_norm.weight": norm_weight("head.hidden_norm.weight"),
           **layer(at, attention(True))}
    if ids:
        out["d2t"] = torch.tensor([t - i for i, t in enumerate(ids)])
        out["t2d"] = torch.tensor([t in set(ids) for t in range(VOCAB)])
    return out


def medusa(at=""):
    out = {}
    for k in range(DEPTH):
        out[f"{at}{k}.0.linear.weight"] = matrix(f"head.{k}.fc.0.weight", HIDDEN, HIDDEN)
        out[f"{at}{k}.0.linear.bias"] = bias(f"head.{k}.fc.bias")
        out[f"{at}{k}.1.weight"] = matrix(f"head.{k}.output.weight", VOCAB, HIDDEN)
    return out


class Block(nn.Module):
    def __init__(self, linear, skip=None):
        super().__init__()
        self.linear = filled(*linear)
        self.res_connection = filled(*skip) if skip else nn.Identity()


def filled(weight, bias):
    module = nn.Linear(weight.shape[1], weight.shape[0])
    module.weight.data, module.bias.data = weight, bias
    return module


class Hydra(nn.Module):
    """Modules only, for the names that PyTorch gives to what is in them."""

    def __init__(self, plus):
        super().__init__()
        self.input_embed_fn = nn.Embedding(VOCAB, HIDDEN)
        self.input_embed_fn.weight.data = EMBED
        mlp, output = [], []
        for k in range(DEPTH):
            between = [nn.Dropout(0)] if plus else []
            first = Block((parts(f"{k}.fc", k + 2), bias(f"head.{k}.fc.bias")),
                          (parts(f"{k}.skip", k + 2), bias(f"head.{k}.skip.bias")))
            again = Block((matrix(f"head.{k}.block.weight", HIDDEN, HIDDEN), bias(f"head.{k}.block.bias")))
            mlp.append(nn.Sequential(*between, first, *((between + [again]) * (2 if plus else 0))))
            last = filled(matrix(f"head.{k}.output.weight", VOCAB, HIDDEN), bias(f"head.{k}.output.bias", VOCAB))
            output.append(nn.Sequential(*between, last) if plus else last)
        self.hydra_mlp, self.hydra_lm_head = nn.ModuleList(mlp), nn.ModuleList(output)


def hydra(plus=False):
    out = dict(Hydra(plus).state_dict())
    if plus:
        at = "prefix_embeding_layer."
        out[f"{at}embed_tokens.weight"] = EMBED
        out[f"{at}norm.weight"] = norm_weight("head.norm.weight")
        out[f"{at}layers.0.input_layernorm.weight"] = norm_weight("head.blk.attn_norm.weight")
        out[f"{at}layers.0.self_attn.rotary_emb.inv_freq"] = torch.ones(DIM // 2)
        out.update(layer(f"{at}layers.0.", attention()))
    return out


def once(state):
    """Without tensors that are there already, as safetensors wants it."""
    seen, out = set(), {}
    for name, tensor in state.items():
        if tensor.data_ptr() not in seen:
            out[name] = tensor
        seen.add(tensor.data_ptr())
    return out


def write(file, kind, stored, make, steps, **config):
    heads.STORED = stored
    state, done = {}, {}
    for name, tensor in make().items():  # what is shared stays shared
        kept = tensor if not tensor.is_floating_point() else tensor.to(stored)
        state[name] = done.setdefault(tensor.data_ptr(), kept)
    if file.endswith(".safetensors"):
        save_file(once(state), f"{folder}/{file}")
    else:
        torch.save(state, f"{folder}/{file}")
    rows.append({"file": file, **heads.row(kind, steps()), "config": config})


sizes = {"num_attention_heads": HEADS, "num_key_value_heads": KV, "hidden_size": HIDDEN, "intermediate_size": FFN,
         "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "vocab_size": VOCAB}
short = {**sizes, "draft_vocab_size": len(SHORT)}
F32, F16, BF16 = torch.float32, torch.float16, torch.bfloat16
write("eagle.safetensors", "eagle", F32, eagle, heads.eagle, **sizes)
write("eagle.bin", "eagle", BF16, eagle, heads.eagle, **sizes)
write("eagle3.safetensors", "eagle3", F16, lambda: eagle3("layers.0.", SHORT), lambda: heads.eagle3(SHORT), **short)
write("eagle3.bin", "eagle3", F32, lambda: eagle3("midlayer.", None), heads.eagle3, **sizes)
write("medusa.safetensors", "medusa", BF16, lambda: medusa("medusa_head."), heads.medusa, medusa_num_heads=2)
write("medusa.pt", "medusa", F16, medusa, heads.medusa, medusa_num_heads=2)
write("hydra.safetensors", "hydra", F16, hydra, heads.hydra, hydra_num_layers=1)
write("hydra.pt", "hydra", F32, hydra, heads.hydra, hydra_num_layers=1)
plus = {"hydra_num_layers": 3, "hydra_head_arch": "prefix-mlp", "grounded_heads": True}
write("hydra++.safetensors", "hydra++", F32, lambda: hydra(True), lambda: heads.hydra(True), **plus)
write("hydra++.pt", "hydra++", BF16, lambda: hydra(True), lambda: heads.hydra(True), **plus)

with open(f"{folder}/chains.jsonl", "w") as file:
    for row in rows:
        file.write(json.dumps(row) + "\n")
