"""gemma3/: tiny Gemma 3 models and what they say: python make_gemma.py (torch, transformers, gguf)

Random weights, all F32, a tied head; layers of both kinds, windows shorter than the text, two rope
bases, and in one of them linear scaling of the positions that see everything. logprobs.jsonl holds
for each model a text's ids and the log-probability of each next one, in float32 on the CPU.
"""

import json
import math
import pathlib

import gguf
import numpy
import torch
from transformers import Gemma3ForCausalLM, Gemma3TextConfig

HERE = pathlib.Path(__file__).parent / "gemma3"
VOCAB, TEXT = 96, 200
MODELS = {
    "six": dict(hidden_size=24, intermediate_size=32, num_hidden_layers=6, num_attention_heads=3,
                num_key_value_heads=1, head_dim=12, sliding_window=24),
    "eight": dict(hidden_size=24, intermediate_size=32, num_hidden_layers=8,
                  num_attention_heads=4, num_key_value_heads=2, head_dim=10, sliding_window=70,
                  factor=8.0),
}
PARTS = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm", "input_layernorm": "attn_norm",
    "post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}


def gguf_name(name):
    name = name.removeprefix("model.").removesuffix(".weight")
    if name in ("embed_tokens", "norm"):
        return {"embed_tokens": "token_embd.weight", "norm": "output_norm.weight"}[name]
    _, layer, part = name.split(".", 2)
    return f"blk.{layer}.{PARTS[part]}.weight"


def write(path, config, model, factor):
    writer = gguf.GGUFWriter(path, "gemma3")
    writer.add_context_length(1024)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(1e6)
    writer.add_sliding_window(config.sliding_window)
    if factor:
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(factor)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([f"<{i}>" for i in range(VOCAB)])
    writer.add_token_scores([0.0] * VOCAB)
    writer.add_token_types([2] + [3] * (VOCAB - 1))
    writer.add_unk_token_id(0)
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight":
            continue
        values = tensor.numpy().astype(numpy.float32)
        # The file holds what a norm multiplies by: 1 + weight.
        writer.add_tensor(gguf_name(name), values + 1 if "norm" in name else values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    HERE.mkdir(exist_ok=True)
    with open(HERE / "logprobs.jsonl", "w", encoding="utf-8") as file:
        for seed, (name, sizes) in enumerate(MODELS.items()):
            torch.manual_seed(seed)
            sizes = dict(sizes)
            factor = sizes.pop("factor", None)
            full = {"rope_type": "default", "rope_theta": 1e6}
            if factor:
                full = {"rope_type": "linear", "rope_theta": 1e6, "factor": factor}
            config = Gemma3TextConfig(
                vocab_size=VOCAB, max_position_embeddings=1024, rms_norm_eps=1e-6,
                query_pre_attn_scalar=sizes["head_dim"], tie_word_embeddings=True,
                rope_parameters={"full_attention": full,
                                 "sliding_attention": {"rope_type": "default", "rope_theta": 1e4}},
                attn_implementation="eager", **sizes)
            model = Gemma3ForCausalLM(config).float().eval()
            for key, tensor in model.state_dict().items():
                if "norm" in key:
                    tensor.normal_(0, 0.2)
                elif "embed" in key:
                    tensor.normal_(0, 2 / math.sqrt(tensor.shape[-1]))
                else:
                    tensor.normal_(0, 1.5 / math.sqrt(tensor.shape[-1]))
            write(HERE / f"{name}.gguf", config, model, factor)
            ids = torch.randint(1, VOCAB, (TEXT,)).tolist()
            with torch.no_grad():
                logits = model(torch.tensor([ids])).logits[0]
            says = torch.log_softmax(logits, -1)
            line = {"model": name, "window": config.sliding_window, "ids": ids,
                    "logprobs": [round(says[i, ids[i + 1]].item(), 6) for i in range(TEXT - 1)]}
            file.write(json.dumps(line) + "\n")
            print(name, config.layer_types, sum(line["logprobs"]) / len(line["logprobs"]))


main()
