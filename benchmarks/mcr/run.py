"""The regularised step of `mcr`: gathered parts and one gradient per term, against the official scheme.

The official scheme is written out here as the authors' code does it (kkontras/MCR, models/MCR_Models.py at 338d370): a
second pass of the encoders for the permuted latent vectors, the fusion head on all permuted pairs by a matrix product,
and a graph of its own for each (term, encoder) with the other branch detached. Both give the same gradients, which is
checked first. CPU seconds of one thread, best of several rounds in turns.
"""

import time

import torch
from torch import nn

from harness_mcr import losses, settings
from harness_mcr.networks import FusedNetwork

BATCH, CLASSES, INPUTS, WIDTH, DONORS, ROUNDS = 256, 10, 100, 64, 32, 15


def divergence(p, q):
    """Of log-probabilities, by autograd."""
    middle = torch.logaddexp(p, q) - losses.LN2
    return 0.5 * (p.exp() * (p - middle) + q.exp() * (q - middle)).sum(-1)


def divergences(net, latents, others, permutations, player):
    """Both terms with only the latents of ``player`` live, by the head on concatenated latents."""
    weight = torch.cat(
        [add.weight if m == player else add.weight.detach() for m, add in enumerate(net.adds)], 1
    )
    bias = net.bias.detach()
    own = [z if m == player else z.detach() for m, z in enumerate(latents)]
    clean = torch.log_softmax(nn.functional.linear(torch.cat(own, 1), weight, bias), 1)
    values = []
    for term in range(2):
        columns = []
        for m in range(2):
            z = others[m] if m == player else others[m].detach()
            columns.append(
                z[permutations[term].T.reshape(-1)] if m == term else z.repeat(DONORS, 1)
            )
        mixed = torch.log_softmax(nn.functional.linear(torch.cat(columns, 1), weight, bias), 1)
        values.append(divergence(clean.repeat(DONORS, 1), mixed).mean())
    return values


def official(net, views, permutations):
    latents, others = net.latents(views), net.latents(views)
    loss = 0.0
    for player in range(2):
        values = divergences(net, latents, others, permutations, player)
        loss = loss - values[player] + values[1 - player]
    return loss


def ours(net, views, permutations):
    return losses.played(net.parts(net.latents(views)), net.finish_held, permutations, -1)


def ours_all_pairs(net, views, permutations):
    return losses.played(net.parts(net.latents(views)), net.finish_held, None, -1)


def joint(net, views, permutations):
    parts = net.parts(net.latents(views))
    return nn.functional.cross_entropy(
        net.finish(parts[0] + parts[1]), torch.arange(BATCH) % CLASSES
    )


def gradients(net, step, *given):
    net.zero_grad()
    step(net, *given).backward()
    return [p.grad.clone() for m in range(2) for p in net.encoders[m].parameters()]


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    net = FusedNetwork(settings.Layers(hidden=(WIDTH,), width=WIDTH), [INPUTS, INPUTS], CLASSES)
    views = [torch.randn(BATCH, INPUTS) for _ in range(2)]
    given = (
        views,
        [torch.stack([torch.randperm(BATCH) for _ in range(DONORS)], 1) for _ in range(2)],
    )
    apart = max(
        float((a - b).abs().max() / b.abs().max())
        for a, b in zip(gradients(net, ours, *given), gradients(net, official, *given), strict=True)
    )
    print(f"gradients of both differ by {apart:.1e} of the largest")
    best = {}
    for _ in range(ROUNDS):
        for step in (joint, official, ours, ours_all_pairs):
            start = time.process_time()
            gradients(net, step, *given)
            best[step.__name__] = min(best.get(step.__name__, 1e9), time.process_time() - start)
    print(
        f"{'step':15} {'ms':>7} {'official / it':>14}   batch {BATCH}, {DONORS} donors, width {WIDTH}, {CLASSES} classes"
    )
    for name, seconds in best.items():
        print(f"{name:15} {1e3 * seconds:7.2f} {best['official'] / seconds:14.1f}")


if __name__ == "__main__":
    main()
