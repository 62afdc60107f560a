"""make_checkpoints.py - writes the checkpoints that test_references.c reads, with what is in them.

usage: make_checkpoints.py FOLDER, with PyTorch and safetensors. Nothing of it is needed to build or
test s2d; the files are kept.
"""
import json
import sys
from collections import OrderedDict

import torch
from safetensors.torch import save_file

folder = sys.argv[1]
rows = []


def values(tensor):
    if tensor.dtype in (torch.int64, torch.int32, torch.uint8, torch.bool):
        return [int(v) for v in tensor.reshape(-1).tolist()]
    return [float(v) for v in tensor.to(torch.float32).reshape(-1).tolist()]


def tell(file, tensors):
    for name, tensor in tensors.items():
        kind = str(tensor.dtype).removeprefix("torch.")
        rows.append({"file": file, "name": name, "type": kind, "dims": list(tensor.shape),
                     "values": values(tensor)})


def refuse(file, says):
    rows.append({"file": file, "refused": says})


def path(file):
    return f"{folder}/{file}"


torch.manual_seed(20261130)
types = OrderedDict(
    double=torch.randn(3, 2, dtype=torch.float64),
    single=torch.randn(2, 3, 4),
    half=torch.randn(5, 3).half(),
    brain=torch.randn(7).bfloat16(),
    long=torch.tensor([[-(2**62), -1], [0, 2**62]]),
    int=torch.tensor([-(2**31), 2**31 - 1], dtype=torch.int32),
    byte=torch.tensor([0, 127, 255], dtype=torch.uint8),
    bool=torch.tensor([True, False, True]),
    scalar=torch.tensor(0.1),
    empty=torch.zeros(0, 3),
    subnormal=torch.tensor([6e-8, 65504.0, -0.0]).half(),
)
save_file(types, path("types.safetensors"), metadata={"format": "pt"})
tell("types.safetensors", types)
for protocol in (2, 5):
    file = f"types_{protocol}.pt"
    torch.save(types, path(file), pickle_protocol=protocol)
    tell(file, types)

# What training code saves: a state dict with its _metadata, wrapped; parameters that are shared.
model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LayerNorm(2))
optimizer = torch.optim.Adam(model.parameters())
model(torch.randn(4, 3)).sum().backward()
optimizer.step()
torch.save({"epoch": 3, "loss": 0.25, "note": None, "state_dict": model.state_dict(),
            "optimizer": optimizer.state_dict()}, path("wrapped.pt"))
tell("wrapped.pt", model.state_dict())
tell("wrapped.pt", {f"optimizer.state.{i}.{key}": tensor
                    for i, state in optimizer.state_dict()["state"].items()
                    for key, tensor in state.items()})
parameter = model[0].weight
torch.save({"a": parameter, "b": parameter, "list": [parameter, (torch.ones(1),)]},
           path("parameters.pt"))
tell("parameters.pt", {"a": parameter, "b": parameter, "list.0": parameter,
                       "list.1.0": torch.ones(1)})

# Views: rows of one storage, and one with another shape.
whole = torch.arange(24, dtype=torch.float32).reshape(6, 4)
views = {"whole": whole, "rows": whole[2:4], "last": whole[5], "shaped": whole[1:4].view(3, 2, 2)}
torch.save(views, path("views.pt"))
tell("views.pt", views)

torch.save({"t": whole.t()}, path("transposed.pt"))
refuse("transposed.pt", "transposed")
torch.save({"t": whole[:, :2]}, path("columns.pt"))
refuse("columns.pt", "transposed")
torch.save(model, path("module.pt"))
refuse("module.pt", "torch.nn.modules.container.Sequential")
torch.save({"a": whole}, path("old.pt"), _use_new_zipfile_serialization=False)
refuse("old.pt", "before 1.6")
torch.save({"a": torch.zeros(2, dtype=torch.int16)}, path("short.pt"))
refuse("short.pt", "ShortStorage")
torch.save(whole, path("nameless.pt"))
refuse("nameless.pt", "without a name")
save_file({"a": torch.zeros(2, dtype=torch.int16)}, path("short.safetensors"))
refuse("short.safetensors", "of type I16")

with open(path("values.jsonl"), "w") as file:
    for row in rows:
        file.write(json.dumps(row) + "\n")
