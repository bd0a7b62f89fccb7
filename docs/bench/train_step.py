"""What a PyTorch user would run to train: steps of SDL on the CPU over random images, timed.

usage: train_step.py [--batch 8] [--size 224] [--threads 2] [--steps 8] [--warmup 2] [--layers 3,4,11,3] [--width 1]
                     [--rows 7] [--dim 300] [--classes 925] [--positives 5] [--layout channels_last|contiguous] [--foreach]
needs Debian's python3-torch. Prints one JSON object; a step is forward, loss, gradients and Adam.

The scale of a norm is its weight as it stands; the method's |weight| + eps costs one small operation more and is left
out, in the peer's favour. Of the two layouts channels_last is the faster by 2 to 7 percent (TResNet-M, batch 8, two
threads); Adam over many tensors at once (--foreach) gains nothing on a CPU.
"""
import argparse, json, resource, statistics, time
import torch, torch.nn.functional as F
from tresnet_sdl import TResNetSDL


def sdl_loss(embedding, vectors, positive, rows, w=0.3):
    """embedding [n, D*K], vectors [C, D], positive [n, C] bool with at least one per row -> scalar, the mean over images.

    One padded gather of the positives instead of a loop over them: [n, P, C] with P the most that an image of the batch has.
    """
    n, (tags, dim) = len(embedding), vectors.shape
    a = embedding.view(n, dim, rows)
    s = torch.matmul(vectors, a).amax(2) if rows == 1 else torch.matmul(vectors, a).max(2).values
    count = positive.sum(1)
    most = int(count.max())
    here, index = positive.to(torch.uint8).topk(most, dim=1)
    here = here.float()
    pairs = F.softplus(s.unsqueeze(1) - s.gather(1, index).unsqueeze(2))
    rank = (pairs * here.unsqueeze(2) * (~positive).unsqueeze(1)).sum((1, 2)) / count

    v = vectors[index] * here.unsqueeze(2)
    mean = v.sum(1, keepdim=True) / count.view(-1, 1, 1)
    square = ((v - mean) ** 2 * here.unsqueeze(2)).sum((1, 2))
    diversity = 1 + square / (count - 1).clamp(min=1)
    if rows == 1:
        return (2 * (1 - w) * diversity * rank).mean()
    return 2 * ((1 - w) * diversity * rank + w * a.var(2).sum(1)).mean()


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument('--batch', type=int, default=8)
    p.add_argument('--size', type=int, default=224)
    p.add_argument('--threads', type=int, default=2)
    p.add_argument('--steps', type=int, default=8, help='timed steps')
    p.add_argument('--warmup', type=int, default=2, help='steps before them')
    p.add_argument('--layers', default='3,4,11,3')
    p.add_argument('--width', type=float, default=1.0)
    p.add_argument('--rows', type=int, default=7, help='K')
    p.add_argument('--dim', type=int, default=300, help='D')
    p.add_argument('--classes', type=int, default=925, help='seen tags')
    p.add_argument('--positives', type=float, default=5, help='mean positive tags of an image')
    p.add_argument('--layout', choices=['contiguous', 'channels_last'], default='channels_last')
    p.add_argument('--foreach', action='store_true', help="Adam's multi-tensor form")
    return p.parse_args()


def batch(a, vectors):
    """Images [n, 3, S, S] in 0..1 and labels [n, C]; every image has a positive."""
    images = torch.rand(a.batch, 3, a.size, a.size)
    positive = torch.rand(a.batch, a.classes) < a.positives / a.classes
    positive[torch.arange(a.batch), torch.randint(a.classes, (a.batch,))] = True
    return images, positive


def main():
    a = arguments()
    torch.manual_seed(0)
    torch.set_num_threads(a.threads)
    form = torch.channels_last if a.layout == 'channels_last' else torch.contiguous_format
    layers = tuple(int(n) for n in a.layers.split(','))
    model = TResNetSDL(layers, a.width, a.rows, a.dim).train().to(memory_format=form)
    vectors = F.normalize(torch.randn(a.classes, a.dim), dim=1)

    matrices = [p for p in model.parameters() if p.dim() > 1]
    rest = [p for p in model.parameters() if p.dim() <= 1]
    groups = [{'params': matrices, 'weight_decay': 3e-4}, {'params': rest, 'weight_decay': 0}]
    adam = torch.optim.Adam(groups, lr=2.5e-5, foreach=a.foreach)
    cycle = torch.optim.lr_scheduler.OneCycleLR(adam, 2.5e-5, total_steps=1000, pct_start=0.1)

    seconds = []
    for step in range(a.warmup + a.steps):
        images, positive = batch(a, vectors)
        start = time.perf_counter()
        images = images.contiguous(memory_format=form)
        adam.zero_grad(set_to_none=True)
        loss = sdl_loss(model(images), vectors, positive, a.rows)
        loss.backward()
        adam.step()
        cycle.step()
        seconds.append(time.perf_counter() - start)
    seconds = seconds[a.warmup:]
    median = statistics.median(seconds)
    print(json.dumps({
        'peer': 'pytorch', 'torch': torch.__version__, 'threads': torch.get_num_threads(), 'layout': a.layout,
        'layers': list(layers), 'width': a.width, 'batch': a.batch, 'size': a.size,
        'rows': a.rows, 'dim': a.dim, 'classes': a.classes, 'steps': a.steps,
        'seconds_median': round(median, 4), 'seconds_min': round(min(seconds), 4),
        'images_per_second': round(a.batch / median, 3),
        'peak_mib': round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        'loss': round(float(loss.detach()), 4)}))


if __name__ == '__main__':
    main()
