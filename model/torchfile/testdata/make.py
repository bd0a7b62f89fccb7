"""Writes the checkpoints and arrays that the tests read. PyTorch 1.13, NumPy 1.24, CPython 3.11."""
import argparse
import base64
import collections
import json
import os
import pickle

import numpy as np
import torch

folder = os.path.dirname(os.path.abspath(__file__))
base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4) / 8

state = collections.OrderedDict(
    plain=base,
    half=base.half(),
    bfloat=base.bfloat16(),
    double=base.double() / 3,
    transposed=base.permute(2, 0, 1),
    offset=base[1, 1:, ::2],
    expanded=torch.tensor([[1.0], [2.0]]).expand(2, 3),
    scalar=torch.tensor(1.5),
    empty=torch.zeros(0, 3),
    parameter=torch.nn.Parameter(torch.tensor([1.0, -2.0])),
    num_batches_tracked=torch.tensor(123456789012),
    bytes=torch.tensor([0, 255], dtype=torch.uint8),
    complex=torch.tensor([1 + 2j]),
    sparse=torch.eye(2).to_sparse(),
)
state["nested"] = {"weight": torch.tensor([3.0])}
checkpoint = {
    "args": argparse.Namespace(lr=0.1, device=torch.device("cpu"), dtype=torch.float32),
    "epoch": 7,
    "num_classes": 2,
    "idx_to_class": {0: "cat", 1: "dog"},
    "best": np.float64(0.5),
    "state_dict": state,
}
torch.save(checkpoint, os.path.join(folder, "kinds.pth"))

module = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.BatchNorm1d(1))
with torch.no_grad():
    module[0].weight.copy_(torch.tensor([[0.25, -0.75]]))
torch.save(module.state_dict(), os.path.join(folder, "flat.pth"))
torch.save(module, os.path.join(folder, "module.pth"))
torch.save(module.state_dict(), os.path.join(folder, "legacy.pth"), _use_new_zipfile_serialization=False)
torch.save(checkpoint, os.path.join(folder, "kinds_legacy.pth"), _use_new_zipfile_serialization=False)

array = np.arange(24).reshape(2, 3, 4) / 8
arrays = {
    f"p{protocol}_{order}_{dtype}": pickle.dumps(np.array(array, dtype=dtype, order=order), protocol)
    for protocol in range(6)
    for order in "CF"
    for dtype in ("<f2", ">f4", "<f8")
}
arrays["object"] = pickle.dumps(np.array([1, "x"], dtype=object), 2)
arrays["int"] = pickle.dumps(np.array([1, 2]), 2)
with open(os.path.join(folder, "arrays.json"), "w") as f:
    json.dump({name: base64.b64encode(data).decode() for name, data in arrays.items()}, f, indent=0)
