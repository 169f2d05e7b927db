"""The network's parts, each against its formula."""

import dataclasses
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from harness_lm.network import Design, Transformer  # noqa: E402
from harness_lm.penalty import entropy_penalty, most, released_penalty  # noqa: E402
from harness_lm.rows import TILE, logit_entropy, row_entropies  # noqa: E402

SMALL = Design(vocabulary=11, window=12, layers=2, heads=2, width=8)


def network(**changes):
    torch.manual_seed(0)
    return Transformer(dataclasses.replace(SMALL, **changes)).double()


def ids(t=12, batch=3):
    return torch.randint(11, (batch, t), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"norm": "none", "activation": "identity", "feed_forward": "scaled"},
        {
            "norm": "none",
            "activation": "identity",
            "feed_forward": "fused",
            "temperature": "learned",
        },
        {"activation": "relu", "weight_norm": "spectral"},
        {"weight_norm": "weight"},
        {"weight_norm": "spectral", "normalised": "qkvo-ffn"},
    ],
)
def test_no_place_sees_what_comes_later(changes):
    net = network(**changes).eval()
    given = ids()
    changed = given.clone()
    changed[:, 7:] = (changed[:, 7:] + 1) % 11
    with torch.no_grad():
        a, b = net(given), net(changed)
    assert torch.equal(a[:, :7], b[:, :7])
    assert not torch.allclose(a[:, 7:], b[:, 7:])


def test_attention_is_the_textbook_formula():
    net = network()
    attention = net.blocks[0].attention
    x = torch.randn(2, 12, 8, dtype=torch.float64)
    got, _, _ = attention(x)
    q, k, v = attention.project(x).split(8, dim=-1)
    wanted = []
    for h in range(2):
        one = slice(4 * h, 4 * h + 4)
        z = q[..., one] @ k[..., one].transpose(1, 2) / 2.0
        z = z.masked_fill(torch.ones(12, 12).triu(1).bool(), -math.inf)
        wanted.append(z.softmax(-1) @ v[..., one])
    torch.testing.assert_close(got, attention.out(torch.cat(wanted, -1)))


def test_scaled_feed_forward_of_ones_is_the_plain_residual():
    plain, scaled = network(), network(feed_forward="scaled")
    scaled.load_state_dict(plain.state_dict(), strict=False)
    torch.testing.assert_close(plain(ids()), scaled(ids()))
    with torch.no_grad():
        scaled.blocks[0].scales[:] = torch.tensor([2.0, 3.0])
        x = torch.randn(1, 4, 8, dtype=torch.float64)
        block = scaled.blocks[0]
        middle = x + block.attention(block.before_attention(x))[0]
        wanted = 3.0 * middle + block.feed_forward(block.before_feed_forward(middle)) / 2.0
        torch.testing.assert_close(block(x)[0], wanted)


def test_fused_map_is_the_product_of_two():
    two, one = (
        network(activation="identity", feed_forward="scaled"),
        network(activation="identity", feed_forward="fused"),
    )
    state = {k: v for k, v in two.state_dict().items() if "maps" not in k}
    for i in range(2):
        inner, outer = (two.blocks[i].feed_forward.maps[j].weight for j in (0, 1))
        state[f"blocks.{i}.feed_forward.maps.0.weight"] = outer @ inner
    one.load_state_dict(state)
    torch.testing.assert_close(one(ids()), two(ids()), atol=1e-6, rtol=0)


MAPS = {"ffn": 2, "qk": 2, "qk-ffn": 4, "qkv-ffn": 5, "qkvo-ffn": 6}
"""Maps of a block that are normalised, by the name of the choice."""


@pytest.mark.slow
@pytest.mark.parametrize("maps", MAPS)
def test_spectral_norm_makes_the_largest_singular_value_one(maps):
    net = network(weight_norm="spectral", normalised=maps).train()
    for _ in range(
        400
    ):  # one power iteration each; how many are needed depends on the gap of singular values
        net(ids())
    largest = [
        float(torch.linalg.matrix_norm(m.weight.detach(), 2)) for m in net.eval().normalised()
    ]
    assert len(largest) == 2 * MAPS[maps]
    assert largest == pytest.approx([1.0] * len(largest), abs=1e-3)
    whole = [
        m
        for m in net.modules()
        if isinstance(m, torch.nn.Linear) and not hasattr(m, "parametrizations")
    ]
    assert (
        max(float(torch.linalg.matrix_norm(m.weight.detach(), 2)) for m in whole) < 0.5
    )  # all others stay as drawn


def test_spectral_norm_after_thirty_iterations():
    """With singular values 1, 0.8, 0.8 ...: what is left is 0.8^60 at most."""
    net = network(weight_norm="spectral").train()
    linear = net.blocks[0].feed_forward.maps[0]
    u, _, v = torch.linalg.svd(torch.randn(32, 8, dtype=torch.float64), full_matrices=False)
    with torch.no_grad():
        linear.parametrizations.weight.original[:] = (
            3.0 * u @ torch.diag(torch.tensor([1.0] + [0.8] * 7).double()) @ v
        )
    for _ in range(30):
        net(ids())
    assert float(torch.linalg.matrix_norm(linear.weight.detach(), 2)) == pytest.approx(
        1.0, abs=1e-3
    )


@pytest.mark.parametrize("maps", MAPS)
def test_weight_norm_has_a_length_and_a_direction(maps):
    """w = g v / |v| by rows: the direction's length does not matter, g is the length."""
    net = network(weight_norm="weight", normalised=maps)
    for linear in net.normalised():
        g, v = linear.parametrizations.weight.original0, linear.parametrizations.weight.original1
        before = linear.weight.detach().clone()
        with torch.no_grad():
            v.mul_(3.0)
            torch.testing.assert_close(linear.weight, before)
            g.fill_(2.0)
            torch.testing.assert_close(
                linear.weight.norm(dim=1), torch.full((len(v),), 2.0).double()
            )


def test_maps_apart_are_one_map_in_three():
    joint, apart = network(), network(weight_norm="weight", normalised="qk")
    state = {k: v for k, v in joint.state_dict().items() if "project" not in k}
    for i, block in enumerate(joint.blocks):
        for j, (w, b) in enumerate(
            zip(
                block.attention.project.weight.chunk(3),
                block.attention.project.bias.chunk(3),
                strict=True,
            )
        ):
            name = f"blocks.{i}.attention.project.maps.{j}"
            state[f"{name}.bias"] = b
            if j < 2:
                state[f"{name}.parametrizations.weight.original0"] = w.norm(dim=1, keepdim=True)
                state[f"{name}.parametrizations.weight.original1"] = w
            else:
                state[f"{name}.weight"] = w
    apart.load_state_dict(state)
    torch.testing.assert_close(apart(ids()), joint(ids()))


def test_weight_decay_spares_what_is_no_map():
    net = network(feed_forward="scaled", temperature="learned")
    spared = {name for name, p in net.named_parameters() if id(p) in net.undecayed()}
    assert {
        "thresholds",
        "blocks.0.scales",
        "blocks.1.attention.temperature",
        "tokens.weight",
        "last_norm.bias",
    } <= spared
    assert not any(
        "maps" in name or name.endswith("project.weight") or name == "head.weight"
        for name in spared
    )


def test_row_entropies_in_tiles_are_those_of_whole_maps():
    g = torch.Generator().manual_seed(0)
    q, k = torch.randn(2, 2, 3, 2 * TILE + 9, 4, dtype=torch.float64, generator=g).unbind(0)
    z = (q @ k.transpose(-1, -2)).masked_fill(
        torch.ones(q.shape[2], q.shape[2]).triu(1).bool(), -math.inf
    )
    a = z.softmax(-1)
    torch.testing.assert_close(
        row_entropies(q, k), torch.special.entr(a).sum(-1), atol=1e-12, rtol=0
    )
    full = row_entropies(q, k, causal=False)
    torch.testing.assert_close(
        full, torch.special.entr((q @ k.transpose(-1, -2)).softmax(-1)).sum(-1)
    )
    mask = torch.where(torch.rand(1, 1, *z.shape[-2:], generator=g) < 0.3, -math.inf, 0.0).double()
    mask[..., 0] = 0.0
    wanted = torch.special.entr((q @ k.transpose(-1, -2) + mask).softmax(-1)).sum(-1)
    torch.testing.assert_close(row_entropies(q, k, mask=mask), wanted)


def test_entropy_of_logits():
    z = torch.tensor(
        [[0.0, 0.0, 0.0, 0.0], [5.0, -torch.inf, -torch.inf, -torch.inf], [1e4, 0.0, 0.0, 0.0]]
    ).double()
    torch.testing.assert_close(logit_entropy(z), torch.tensor([math.log(4), 0.0, 0.0]).double())
    random = torch.randn(50, 20, dtype=torch.float64)
    torch.testing.assert_close(
        logit_entropy(random), logit_entropy(random + 7.0), atol=1e-12, rtol=0
    )
    assert torch.isnan(logit_entropy(torch.tensor([[1.0, math.nan]]))).all()
    half = (3 * torch.randn(50, 64)).half()
    assert (logit_entropy(half.float()) - logit_entropy(half.double())).abs().max() < 2e-3


def test_entropy_grows_with_temperature_by_the_variance():
    """dE/dt = Var(z) / t^3 (the paper's appendix A)."""
    z = torch.randn(30, 16, dtype=torch.float64)
    t = torch.full((30, 1), 0.7, dtype=torch.float64, requires_grad=True)
    logit_entropy(z / t).sum().backward()
    a = (z / 0.7).softmax(-1)
    variance = (a * z**2).sum(-1) - (a * z).sum(-1) ** 2
    torch.testing.assert_close(t.grad[:, 0], variance / 0.7**3, atol=1e-9, rtol=1e-9)
    steps = torch.stack([logit_entropy(z / t) for t in (1e-3, 0.1, 0.5, 1.0, 3.0, 1e6)])
    assert (steps.diff(dim=0) > 0).all()
    torch.testing.assert_close(steps[-1], torch.full((30,), math.log(16)).double())


UNIFORM = torch.log(torch.arange(1, 129, dtype=torch.float64))
"""Row entropies of causal attention that is uniform, t = 128."""


def test_penalty_in_and_out_of_its_zone():
    rows = UNIFORM.expand(2, 3, 4, 128).clone()
    head, top = UNIFORM.mean(), math.log(128)
    near = torch.full((2, 4), float(head / top) - 0.1, dtype=torch.float64, requires_grad=True)
    loss = entropy_penalty(rows, near, margin=0.2)
    loss.backward()
    assert loss == 0.0
    assert (near.grad == 0).all()
    far = torch.full((2, 4), 0.5, dtype=torch.float64, requires_grad=True)
    loss = entropy_penalty(rows, far, margin=0.2)
    loss.backward()
    delta = head - 0.5 * top
    assert (
        float(loss.detach())
        == pytest.approx(float(delta**2), rel=1e-12)
        == pytest.approx(2.109, abs=1e-3)
    )
    torch.testing.assert_close(
        far.grad, torch.full((2, 4), float(-2 * delta * top / 8), dtype=torch.float64)
    )
    low = torch.full((2, 4), 1.0, dtype=torch.float64)
    assert entropy_penalty(torch.zeros_like(rows), low, two_sided=False) == 0.0
    assert entropy_penalty(torch.zeros_like(rows), low) == pytest.approx(top**2)


def test_penalty_goes_with_its_heads():
    g = torch.Generator().manual_seed(0)
    rows, thresholds = 4 * torch.rand(2, 3, 4, 128, generator=g), torch.rand(2, 4, generator=g)
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(
        entropy_penalty(rows, thresholds), entropy_penalty(rows[:, :, order], thresholds[:, order])
    )
    with pytest.raises(ValueError, match="one per layer and head"):
        entropy_penalty(rows, thresholds[:, :3])


def test_penalty_of_the_released_code():
    """The brief's figure for t = 128, two sequences, uniform rows, thresholds 0.5, margin 0.2:
    746.8388 per head.
    """
    rows = UNIFORM.expand(2, 2, 4, 128)
    assert float(released_penalty(rows, torch.full((4,), 0.5).double())) == pytest.approx(
        746.8388, abs=1e-3
    )


def test_causal_maximum():
    wanted = {64: 3.2058, 128: 3.8782, 256: 4.5596, 512: 5.2462, 1024: 5.9358}
    assert {t: round(most(t, "causal"), 4) for t in wanted} == wanted
    assert most(128, "log") == np.log(128)
