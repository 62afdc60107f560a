#!/usr/bin/env python3
"""Makes heads.jsonl: what PyTorch says that tiny heads draft. usage: heads.py VOCAB [HIDDEN]

The weights are those of tests/support/tiny_head.c: numbers by name. The nets are written down from the
papers' formulas (see engine/model/head.h). A text of seven tokens, of whose first six places the
target's features are known; the chain of four most likely tokens behind the last, and how likely each is.
"""
import json
import math
import sys

import numpy as np
import torch

VOCAB, HIDDEN = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 64
HEADS, KV, DIM, FFN, EPS, BASE = 4, 2, HIDDEN // 4, HIDDEN * 3 // 2, 1e-5, 10000.0
TEXT = [10, 65, 97, 110, 32, 116, 104]
DEPTH = 3
MASK = (1 << 64) - 1
STORED = torch.float32  # what heads are rounded to
torch.set_default_dtype(torch.float64)


def stream(name):
    """splitmix64, begun with the name's FNV-1a hash."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001B3 & MASK
    while True:
        state = state + 0x9E3779B97F4A7C15 & MASK
        z = state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        yield z ^ z >> 31


def normal(bits):
    total = sum(bits >> 16 * j & 0xFFFF for j in range(4))
    return (np.float32(total) / np.float32(65536) - np.float32(2)) * np.float32(1.7320508)


def numbers(name, scale, n):
    bits = stream(name)
    return torch.tensor([float(np.float32(scale) * normal(next(bits))) for _ in range(n)])


def stored(x):
    return x.to(STORED).to(torch.float64)


def matrix(name, rows, cols):
    return stored(numbers(name, 1 / math.sqrt(cols), rows * cols).view(rows, cols))


def norm_weight(name):
    return stored(numbers(name, 0.1, HIDDEN) + 1)


def bias(name, n=HIDDEN):
    return stored(numbers(name, 0.2, n))


def rms(x, weight):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + EPS) * weight


def rotate(x, positions):
    half = DIM // 2
    angle = torch.tensor(positions)[:, None] / BASE ** (torch.arange(half) / half)[None, :]
    cos, sin = angle.cos()[:, None, :], angle.sin()[:, None, :]
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def attend(q, k, v):
    n = len(q)
    q, k = rotate(q.view(n, HEADS, DIM), range(n)), rotate(k.view(n, KV, DIM), range(n))
    k, v = (t.repeat_interleave(HEADS // KV, 1) for t in (k, v.view(n, KV, DIM)))
    scores = torch.einsum("ihd,jhd->hij", q, k) / math.sqrt(DIM)
    scores = scores.masked_fill(torch.ones(n, n).triu(1).bool(), -math.inf)
    return torch.einsum("hij,jhd->ihd", scores.softmax(-1), v).reshape(n, -1)


def feed_forward(x):
    gate, up = matrix("head.blk.ffn_gate.weight", FFN, HIDDEN), matrix("head.blk.ffn_up.weight", FFN, HIDDEN)
    y = rms(x, norm_weight("head.blk.ffn_norm.weight"))
    return x + (torch.nn.functional.silu(y @ gate.T) * (y @ up.T)) @ matrix("head.blk.ffn_down.weight", HIDDEN, FFN).T


def project(x, prefix, biased=True):
    out = []
    for letter, rows in (("q", HEADS * DIM), ("k", KV * DIM), ("v", KV * DIM)):
        y = x @ matrix(f"head.{prefix}{letter}.weight", rows, HIDDEN).T
        out.append(y + bias(f"head.{prefix}{letter}.bias", rows) if biased else y)
    return out


def layer(x, normed):
    y = rms(x, norm_weight("head.blk.attn_norm.weight")) if normed else x
    out = matrix("head.blk.attn_output.weight", HIDDEN, HEADS * DIM)
    return feed_forward(x + attend(*project(y, "blk.attn_")) @ out.T)


def likeliest(logits):
    p = logits.softmax(-1)
    return int(p.argmax()), float(p.max())


def signed_norm(name):
    bits = stream(name)
    out = []
    for _ in range(HIDDEN):
        value = 1 + 0.1 * float(normal(next(bits)))
        out.append(-value if next(bits) & 1 else value)
    return torch.tensor(out)


# The target, as tests/support/tiny_model.c makes it with seed 0.
EMBED = numbers("token_embd.weight", 1, VOCAB * HIDDEN).view(VOCAB, HIDDEN)
HEAD = numbers("output.weight", 3 / math.sqrt(HIDDEN), VOCAB * HIDDEN).view(VOCAB, HIDDEN)
FINAL = signed_norm("output_norm.weight")
TAPS = [numbers(f"feature.{i}", 1, (len(TEXT) - 1) * HIDDEN).view(-1, HIDDEN) for i in range(3)]


def eagle():
    fc = [matrix(f"head.fc.{i}.weight", HIDDEN, HIDDEN) for i in range(2)]
    tokens, features = TEXT[1:], rms(TAPS[0], FINAL)
    for _ in range(DEPTH):
        said = layer(EMBED[tokens] @ fc[0].T + features @ fc[1].T + bias("head.fc.bias"), False)
        token, p = likeliest(said[-1] @ HEAD.T)
        yield token, p
        tokens, features = tokens + [token], torch.cat([features, said[-1:]])


def eagle3(ids=None):
    """ids: the tokens that it scores, ascending; None = all."""
    hidden = sum(TAPS[i] @ matrix(f"head.fc.{i}.weight", HIDDEN, HIDDEN).T for i in range(3))
    tokens = TEXT[1:]
    for _ in range(DEPTH):
        by_token = project(rms(EMBED[tokens], norm_weight("head.blk.attn_norm.weight")), "blk.attn_")
        by_hidden = project(rms(hidden, norm_weight("head.hidden_norm.weight")), "hidden_", False)
        out = matrix("head.blk.attn_output.weight", HIDDEN, HEADS * DIM)
        said = feed_forward(hidden + attend(*(a + b for a, b in zip(by_token, by_hidden))) @ out.T)
        scores = matrix("head.output.weight", len(ids) if ids else VOCAB, HIDDEN)
        row, p = likeliest(rms(said[-1], norm_weight("head.norm.weight")) @ scores.T)
        token = ids[row] if ids else row
        yield token, p
        tokens, hidden = tokens + [token], torch.cat([hidden, said[-1:]])


def medusa():
    feature = rms(TAPS[0][-1], FINAL)
    for k in range(DEPTH):
        y = feature @ matrix(f"head.{k}.fc.0.weight", HIDDEN, HIDDEN).T + bias(f"head.{k}.fc.bias")
        y = feature + torch.nn.functional.silu(y)
        yield likeliest(y @ matrix(f"head.{k}.output.weight", VOCAB, HIDDEN).T)


def hydra(plus=False):
    features = rms(TAPS[0], FINAL)
    if plus:
        features = rms(layer(features, True), norm_weight("head.norm.weight"))
    inputs = [features[-1], EMBED[TEXT[-1]]]
    for k in range(DEPTH):
        turned, y = bias(f"head.{k}.fc.bias"), bias(f"head.{k}.skip.bias")
        for j, x in enumerate(inputs):
            turned = turned + x @ matrix(f"head.{k}.fc.{j}.weight", HIDDEN, HIDDEN).T
            y = y + x @ matrix(f"head.{k}.skip.{j}.weight", HIDDEN, HIDDEN).T
        y = y + torch.nn.functional.silu(turned)
        for _ in range(2 if plus else 0):
            block = y @ matrix(f"head.{k}.block.weight", HIDDEN, HIDDEN).T + bias(f"head.{k}.block.bias")
            y = y + torch.nn.functional.silu(block)
        logits = y @ matrix(f"head.{k}.output.weight", VOCAB, HIDDEN).T
        token, p = likeliest(logits + bias(f"head.{k}.output.bias", VOCAB))
        yield token, p
        inputs.append(EMBED[token])


def row(name, steps):
    return {"head": name, "vocab": VOCAB, "text": TEXT, "chain": [[t, round(p, 7)] for t, p in steps]}


if __name__ == "__main__":
    all_steps = {"eagle": eagle(), "eagle3": eagle3(), "medusa": medusa(), "hydra": hydra(), "hydra++": hydra(True)}
    for name, steps in all_steps.items():
        print(json.dumps(row(name, steps)))
