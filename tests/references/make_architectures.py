"""Tiny models of each architecture as GGUF, and what transformers says of a text under each.

    python make_architectures.py      (torch, transformers, gguf, numpy)

Weights are random, rounded to Q8_0 in the file and to the same values for the reference, which is
computed in float64. Keys, names and the order of rows are those that the public converters write.
"""
import json
import math
import os

import gguf
import numpy as np
import torch
import transformers as tf

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "architectures")
TOKENS = 3 + 256  # <unk> <s> </s> and the bytes
VOCAB = 264       # a padded table
TEXT = 220

COMMON = dict(vocab_size=VOCAB, num_key_value_heads=1, num_attention_heads=3, rms_norm_eps=1e-5,
              bos_token_id=1, eos_token_id=2, pad_token_id=0, max_position_embeddings=1024)
YARN = dict(rope_type="yarn", rope_theta=10000.0, factor=8.0, original_max_position_embeddings=64,
            beta_fast=16.0, beta_slow=1.0)
SHORT = [1.0 + 0.05 * i for i in range(12)]
LONG = [1.0 + 0.4 * i for i in range(12)]


def phi3(original):
    scaling = dict(rope_type="longrope", rope_theta=10000.0, short_factor=SHORT, long_factor=LONG,
                   original_max_position_embeddings=original, partial_rotary_factor=0.75)
    return tf.Phi3Config(**{**COMMON, "max_position_embeddings": 8 * original}, hidden_size=96,
                         intermediate_size=32, num_hidden_layers=2, tie_word_embeddings=False,
                         rope_parameters=scaling, original_max_position_embeddings=original,
                         partial_rotary_factor=0.75, sliding_window=None)


# name: architecture, config, by pairs (2i, 2i+1): rows of q and k are reordered
CASES = {
    "qwen3": ("qwen3", tf.Qwen3Config(**COMMON, hidden_size=32, intermediate_size=64, head_dim=32,
                                      num_hidden_layers=3, tie_word_embeddings=True), False),
    "qwen3-yarn": ("qwen3", tf.Qwen3Config(**COMMON, hidden_size=32, intermediate_size=64,
                                           head_dim=32, num_hidden_layers=2,
                                           tie_word_embeddings=False, rope_parameters=YARN), False),
    "smollm3": ("smollm3", tf.SmolLM3Config(**{**COMMON, "num_attention_heads": 2}, hidden_size=32,
                                            intermediate_size=64,
                                            num_hidden_layers=5, tie_word_embeddings=True,
                                            no_rope_layer_interval=4), True),
    "granite": ("granite", tf.GraniteConfig(**COMMON, hidden_size=96, intermediate_size=32,
                                            num_hidden_layers=2, tie_word_embeddings=False,
                                            embedding_multiplier=3.0, residual_multiplier=0.4,
                                            attention_multiplier=0.11, logits_scaling=0.7), True),
    "phi3-short": ("phi3", phi3(512), False),
    "phi3-long": ("phi3", phi3(64), False),
    "mistral3": ("mistral3", tf.Ministral3Config(
        **COMMON, hidden_size=32, intermediate_size=64, head_dim=32, num_hidden_layers=3,
        tie_word_embeddings=False,
        rope_parameters=dict(**YARN, mscale=1.0, mscale_all_dim=1.0, llama_4_scaling_beta=0.3)),
        True),
}

NAMES = {
    "embed_tokens.weight": "token_embd.weight", "norm.weight": "output_norm.weight",
    "input_layernorm.weight": "attn_norm.weight",
    "post_attention_layernorm.weight": "ffn_norm.weight",
    "self_attn.q_proj.weight": "attn_q.weight", "self_attn.k_proj.weight": "attn_k.weight",
    "self_attn.v_proj.weight": "attn_v.weight", "self_attn.o_proj.weight": "attn_output.weight",
    "self_attn.q_norm.weight": "attn_q_norm.weight",
    "self_attn.k_norm.weight": "attn_k_norm.weight",
    "self_attn.qkv_proj.weight": "attn_qkv.weight",
    "mlp.gate_proj.weight": "ffn_gate.weight", "mlp.up_proj.weight": "ffn_up.weight",
    "mlp.down_proj.weight": "ffn_down.weight", "mlp.gate_up_proj.weight": "ffn_up.weight",
}


def gguf_name(name):
    if name == "lm_head.weight":
        return "output.weight"
    parts = name.split(".")
    if parts[1] == "layers":
        return f"blk.{parts[2]}." + NAMES[".".join(parts[3:])]
    return NAMES[".".join(parts[1:])]


def by_pairs(weight, heads):
    rows, cols = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, cols).swapaxes(1, 2).reshape(rows, cols)


def fill(model, seed):
    """Random weights whose values Q8_0 holds exactly."""
    rng = np.random.default_rng(seed)
    for name, p in model.named_parameters():
        if p.dim() == 1:
            values = 1 + 0.1 * rng.standard_normal(p.shape)
            values = values.astype(np.float32)
        else:
            gain = 3.0 if name == "lm_head.weight" else 1.6
            if name == "model.embed_tokens.weight":
                gain = 3.0 if model.config.tie_word_embeddings else p.shape[1] ** 0.5
            values = (gain / p.shape[1] ** 0.5 * rng.standard_normal(p.shape)).astype(np.float32)
            values = gguf.quants.dequantize(
                gguf.quants.quantize(values, gguf.GGMLQuantizationType.Q8_0),
                gguf.GGMLQuantizationType.Q8_0)
        p.data = torch.tensor(values)
    # Else a tied model says its input.
    signs = np.where(rng.random(model.config.hidden_size) < 0.5, -1.0, 1.0).astype(np.float32)
    model.model.norm.weight.data *= torch.tensor(signs)


def write_keys(w, arch, c):
    head_dim = getattr(c, "head_dim", None) or c.hidden_size // c.num_attention_heads
    rope = c.rope_parameters
    w.add_block_count(c.num_hidden_layers)
    w.add_context_length(c.max_position_embeddings)
    w.add_embedding_length(c.hidden_size)
    w.add_feed_forward_length(c.intermediate_size)
    w.add_head_count(c.num_attention_heads)
    w.add_head_count_kv(c.num_key_value_heads)
    w.add_key_length(head_dim)
    w.add_value_length(head_dim)
    w.add_layer_norm_rms_eps(c.rms_norm_eps)
    w.add_rope_freq_base(rope["rope_theta"])
    w.add_rope_dimension_count(int(head_dim * rope.get("partial_rotary_factor", 1)))
    kind = rope.get("rope_type", "default")
    if kind == "yarn":
        w.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        w.add_rope_scaling_factor(rope["factor"])
        w.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
        w.add_rope_scaling_yarn_beta_fast(rope["beta_fast"])
        w.add_rope_scaling_yarn_beta_slow(rope["beta_slow"])
        if "mscale_all_dim" in rope:
            w.add_rope_scaling_yarn_log_mul(rope["mscale_all_dim"])
    if kind == "longrope":
        original = rope["original_max_position_embeddings"]
        longer = math.log(c.max_position_embeddings / original)
        w.add_rope_scaling_orig_ctx_len(original)
        w.add_rope_scaling_attn_factors(math.sqrt(1 + longer / math.log(original)))
        w.add_tensor("rope_factors_long.weight", np.array(LONG, np.float32))
        w.add_tensor("rope_factors_short.weight", np.array(SHORT, np.float32))
    if arch == "mistral3":
        w.add_attn_temperature_scale(rope["llama_4_scaling_beta"])
    if arch == "granite":
        w.add_embedding_scale(c.embedding_multiplier)
        w.add_residual_scale(c.residual_multiplier)
        w.add_attention_scale(c.attention_multiplier)
        w.add_logit_scale(c.logits_scaling)


def write_vocabulary(w):
    tokens = [b"<unk>", b"<s>", b"</s>"] + [b"<0x%02X>" % i for i in range(256)]
    w.add_tokenizer_model("llama")
    w.add_token_list(tokens)
    w.add_token_scores([0.0] * TOKENS)
    w.add_token_types([2, 3, 3] + [6] * 256)
    w.add_bos_token_id(1)
    w.add_eos_token_id(2)


def write_file(path, arch, model, pairs):
    c = model.config
    w = gguf.GGUFWriter(path, arch)
    w.add_type("model")
    write_keys(w, arch, c)
    write_vocabulary(w)
    for name, p in model.named_parameters():
        values = p.detach().numpy().astype(np.float32)
        if pairs and "q_proj" in name:
            values = by_pairs(values, c.num_attention_heads)
        if pairs and "k_proj" in name:
            values = by_pairs(values, c.num_key_value_heads)
        if values.ndim == 1:
            w.add_tensor(gguf_name(name), values)
        else:
            q8 = gguf.GGMLQuantizationType.Q8_0
            w.add_tensor(gguf_name(name), gguf.quants.quantize(values, q8), raw_dtype=q8)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def main():
    ids = np.random.default_rng(5).integers(3, TOKENS, TEXT)
    ids[0] = 1
    with open(os.path.join(HERE, "texts.jsonl"), "w") as out:
        for number, (name, (arch, config, pairs)) in enumerate(CASES.items()):
            config._attn_implementation = "eager"
            model = tf.AutoModelForCausalLM.from_config(config).eval()
            fill(model, 100 + number)
            write_file(os.path.join(HERE, name + ".gguf"), arch, model, pairs)
            with torch.no_grad():
                logits = model.double()(torch.tensor(ids[None])).logits[0]
            said = torch.log_softmax(logits, -1)
            next_said = [round(float(said[i, ids[i + 1]]), 5) for i in range(TEXT - 1)]
            out.write(json.dumps({"name": name, "context": 512 if "short" in name else TEXT,
                                  "ids": ids.tolist(), "next": next_said}) + "\n")
            print(name, float(logits.std()), next_said[:3], next_said[-3:])


main()
