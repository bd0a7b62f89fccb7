"""Usage: python3 make.py FOLDER"""
import sys
import torch
from torch import nn
out = sys.argv[1]
torch.manual_seed(14)
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]); STD = torch.tensor([0.26862954, 0.26130258, 0.27577711])

class Attention(nn.Module):
    def __init__(self, w, heads):
        super().__init__(); self.h = heads; self.qkv = nn.Linear(w, 3 * w); self.out = nn.Linear(w, w)
    def forward(self, x):
        q, k, v = self.qkv(x).reshape(x.shape[0], x.shape[1], 3, self.h, -1).permute(2, 0, 3, 1, 4).unbind(0)
        a = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1) @ v
        return self.out(a.transpose(1, 2).flatten(2))
class Block(nn.Module):
    def __init__(self, w, heads):
        super().__init__(); self.n1 = nn.LayerNorm(w); self.a = Attention(w, heads); self.n2 = nn.LayerNorm(w); self.up = nn.Linear(w, 4*w); self.down = nn.Linear(4*w, w)
    def forward(self, x):
        x = x + self.a(self.n1(x)); y = self.up(self.n2(x))
        return x + self.down(y * torch.sigmoid(1.702 * y))
class Vision(nn.Module):
    def __init__(self, size, patch, w, heads, d):
        super().__init__(); n = (size // patch) ** 2
        self.conv = nn.Conv2d(3, w, patch, patch, bias=False); self.cls = nn.Parameter(torch.randn(w)); self.pos = nn.Parameter(torch.randn(n + 1, w))
        self.pre = nn.LayerNorm(w); self.block = Block(w, heads); self.post = nn.LayerNorm(w); self.proj = nn.Linear(w, d, bias=False)
    def forward(self, x):
        x = self.conv(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], 1, -1), x], 1) + self.pos
        x = self.block(self.pre(x))
        return self.proj(self.post(x[:, 0])), self.proj(self.post(x))
class Both(nn.Module):
    def __init__(self, v, d):
        super().__init__(); self.v = v; self.token = nn.Embedding(10, d)
    def forward(self, input_ids, pixel_values):
        image, hidden = self.v(pixel_values); text = self.token(input_ids).mean(1)
        n = lambda x: x / x.norm(dim=-1, keepdim=True)
        return n(text) @ n(image).t(), text, image, hidden
class Head(nn.Module):  # the reference's: K rows of dimension D from one linear layer, element d*K+k
    def __init__(self):
        super().__init__(); self.conv = nn.Conv2d(3, 8, 3, 2, 1); self.fc = nn.Linear(8, 3 * 4, bias=False)
    def forward(self, x): return self.fc(self.conv(x).relu().mean((2, 3)))

pixels = torch.randint(0, 256, (3, 32, 32, 3), dtype=torch.uint8)
x = ((pixels.permute(0, 3, 1, 2).float() / 255) - MEAN[:, None, None]) / STD[:, None, None]
v = Vision(32, 8, 16, 2, 12).eval()
both = Both(v, 12).eval()
head = Head().eval()
ids = torch.tensor([[1, 2, 3]])
with torch.no_grad():
    image, hidden = v(x)
    flat = head(x[:, :, :32, :32])
    torch.onnx.export(both, (ids, x[:1]), f"{out}/clip.onnx", opset_version=14, input_names=["input_ids", "pixel_values"],
        output_names=["logits_per_text", "text_embeds", "image_embeds", "last_hidden_state"],
        dynamic_axes={"input_ids": {0: "text_batch", 1: "sequence"}, "pixel_values": {0: "image_batch", 1: "num_channels", 2: "height", 3: "width"},
            "image_embeds": {0: "image_batch"}, "last_hidden_state": {0: "image_batch", 1: "n", 2: "m"}})
    torch.onnx.export(v, (x[:2],), f"{out}/patches.onnx", opset_version=11, input_names=["input"], output_names=["pooled", "tokens"])
    torch.onnx.export(head, (x[:1],), f"{out}/head.onnx", opset_version=17, input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "n"}, "y": {0: "n"}})
for name, t in [("pixels", pixels), ("image", image), ("tokens", hidden), ("head", flat)]:
    open(f"{out}/{name}.raw", "wb").write(t.contiguous().numpy().tobytes())
