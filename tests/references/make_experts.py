"""make_experts.py - log-probabilities of tiny mixtures of experts, by transformers in float32.

usage: make_experts.py > experts.jsonl

The weights are those that tests/support/tiny_model.c makes: numbers by seed and tensor name. A text
of 200 tokens, and at each of them the four largest log-probabilities of the next.
"""
import json
import sys

import numpy as np
import torch
from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM

MASK = (1 << 64) - 1
VOCAB = 310  # tokens of tiny_vocab.c's TINY_BPE
LENGTH = 200
CASES = [
    dict(layers=3, hidden=48, heads=3, kv_heads=1, head_dim=32, ffn=40, experts=8, picks=3, tied=False),
    dict(layers=2, hidden=64, heads=6, kv_heads=2, head_dim=16, ffn=24, experts=5, picks=2, tied=True),
]


def noise(seed, name, count, pairs=1):
    """noise_bits of random_weights.c, `pairs` of them for each number."""
    h = 0xCBF29CE484222325 ^ seed
    for byte in name.encode():
        h = (h ^ byte) * 0x100000001B3 & MASK
    with np.errstate(over="ignore"):
        z = np.uint64(h) + np.arange(1, count * pairs + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        return z ^ z >> np.uint64(31)


def normal(bits):
    total = sum((bits >> np.uint64(16 * i)) & np.uint64(0xFFFF) for i in range(4))
    return (total.astype(np.float32) / np.float32(65536) - np.float32(2)) * np.float32(1.7320508)


def matrix(name, shape, scale):
    return torch.from_numpy(np.float32(scale) * normal(noise(1, name, int(np.prod(shape)))).reshape(shape))


def vector(name, count, signs=False):
    bits = noise(1, name, count, 2 if signs else 1)
    own = bits[::2] if signs else bits
    values = np.float32(1) + np.float32(0.1) * normal(own)
    if signs:
        values = np.where(bits[1::2] & np.uint64(1), -values, values)
    return torch.from_numpy(values)


def weights(c):
    H, D, F, E = c["hidden"], c["head_dim"], c["ffn"], c["experts"]
    Q, K = c["heads"] * D, c["kv_heads"] * D
    head = 3 / H**0.5
    out = {
        "model.embed_tokens.weight": matrix("token_embd.weight", (VOCAB, H), head if c["tied"] else 1),
        "model.norm.weight": vector("output_norm.weight", H, signs=True),
    }
    if not c["tied"]:
        out["lm_head.weight"] = matrix("output.weight", (VOCAB, H), head)
    for layer in range(c["layers"]):
        def name(part):
            return f"blk.{layer}.{part}.weight"

        to = f"model.layers.{layer}."
        out[to + "input_layernorm.weight"] = vector(name("attn_norm"), H)
        out[to + "post_attention_layernorm.weight"] = vector(name("ffn_norm"), H)
        out[to + "self_attn.q_norm.weight"] = vector(name("attn_q_norm"), D)
        out[to + "self_attn.k_norm.weight"] = vector(name("attn_k_norm"), D)
        out[to + "self_attn.q_proj.weight"] = matrix(name("attn_q"), (Q, H), 1.5 / H**0.5)
        out[to + "self_attn.k_proj.weight"] = matrix(name("attn_k"), (K, H), 1.5 / H**0.5)
        out[to + "self_attn.v_proj.weight"] = matrix(name("attn_v"), (K, H), 1 / H**0.5)
        out[to + "self_attn.o_proj.weight"] = matrix(name("attn_output"), (H, Q), 1 / Q**0.5)
        out[to + "mlp.gate.weight"] = matrix(name("ffn_gate_inp"), (E, H), 2 / H**0.5)
        gate = matrix(name("ffn_gate_exps"), (E, F, H), 2 / H**0.5)
        up = matrix(name("ffn_up_exps"), (E, F, H), 1 / H**0.5)
        out[to + "mlp.experts.gate_up_proj"] = torch.cat([gate, up], 1)
        out[to + "mlp.experts.down_proj"] = matrix(name("ffn_down_exps"), (E, H, F), 1 / F**0.5)
    return out


def main():
    for c in CASES:
        config = Qwen3MoeConfig(
            vocab_size=VOCAB, hidden_size=c["hidden"], intermediate_size=c["ffn"], num_hidden_layers=c["layers"],
            num_attention_heads=c["heads"], num_key_value_heads=c["kv_heads"], head_dim=c["head_dim"],
            moe_intermediate_size=c["ffn"], num_experts=c["experts"], num_experts_per_tok=c["picks"],
            norm_topk_prob=True, rms_norm_eps=1e-5, max_position_embeddings=1024, tie_word_embeddings=c["tied"],
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0}, attn_implementation="eager")
        model = Qwen3MoeForCausalLM(config).float().eval()
        missing, unexpected = model.load_state_dict(weights(c), strict=False)
        assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
        model.tie_weights()
        ids = torch.tensor([[(7 * i * i + 3 * i + 11) % VOCAB for i in range(LENGTH)]])
        with torch.no_grad():
            best = torch.log_softmax(model(ids).logits[0].double(), -1).topk(4)
        rows = [[[i, round(p, 5)] for i, p in zip(*row)] for row in zip(best.indices.tolist(), best.values.tolist())]
        json.dump(dict(c, best=rows), sys.stdout)
        print()


main()
