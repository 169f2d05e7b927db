"""The shipped plugins keep the promises that `harness plugin check` checks; those whose own tests do not say so already."""

from harness.testing import conformance


@conformance("atoms", params={"colabfit": {"dataset": "copper", "rates": (0.2,)}})
def test_atoms(check):
    check()


QUICK = {"steps": 100, "hidden": (16,), "batch": 16}


TRAINED = {"steps": 1500, "hidden": (32,), "batch": 16}
"""For those that are no bounds: their values are held against the truth."""


@conformance(
    "neural",
    params=dict.fromkeys(("mine", "dv", "nwj", "infonce", "club", "l1out", "latent-mi"), QUICK)
    | dict.fromkeys(("smile", "f-dime", "knife", "flow-matching"), TRAINED)
    | {"minde": TRAINED | {"levels": 8}},
)
def test_neural(check):
    check()


@conformance(
    "ib_lossy",
    params={
        f"autoencoder{k}": {"steps": 50, "hidden": (8,), "code_dim": 1}
        for k in ("", "-samples", "-labelled")
    }
    | {f"pca{k}": {"code_dim": 1} for k in ("", "-samples", "-labelled")}
    | {"ib-plane": {"epochs": (0, 1), "hidden": (8,)}},
)
def test_ib_lossy(check):
    check()


LAYERS = tuple(
    f"block-attention{ending}" for ending in ("", "-outputs", "-activations", "-weights")
)

TINY = {"steps": 3, "layers": 1, "heads": 2, "width": 8, "window": 6}


@conformance(
    "lm",
    params={
        f"tiny-lm{ending}": TINY
        for ending in ("", "-states", "-attention", "-maps", "-pointers", "-laws", "-head")
    }
    | {"tiny-compressor": {"steps": 3, "predictor_steps": 3, "width": 8}},
)
def test_lm(check):
    check()


SWEEP = {"dials": (0.0, 1.0), "steps": 3}


@conformance(
    "aila",
    params={
        "dial-blocks": SWEEP,
        "dial-induction": SWEEP
        | {"width": 8, "sequences": 40, "windows": 8, "length": 12, "symbols": 8, "periods": (4,)},
        "dial-text": SWEEP | {"width": 8, "window": 16, "windows": 4},
    },
)
def test_aila(check):
    check()


@conformance("localist", params={name: {"steps": 5, "step_size": 1.0} for name in LAYERS})
def test_localist(check):
    check()


@conformance("blocks", params={"block-labels": {"sequences": 8}})
def test_blocks(check):
    check()


@conformance("language", params={"known-entropy-languages": {"sequences": 20}})
def test_language(check):
    check()


@conformance(
    "entropy_attention",
    params={
        "attention-architectures": {"steps": 3, "layers": 1, "width": 8, "window": 16, "windows": 4}
    },
)
def test_entropy_attention(check):
    check()


@conformance("agentic")
def test_agentic(check):
    check()


TRAINED_BRIEFLY = {
    "toy-superposition": {"models": 3, "steps": 50, "n": 200},
    "known-codes": {"n": 200},
    "dropout-parity": {"epochs": 1, "widths": (8,), "rates": (0.0, 0.5), "n": 200},
    "grokking": {"modulus": 7, "steps": (0, 20), "draws": 5},
    "compiled-transformers": {"tokens": 2, "length": 2, "widths": (0, 4), "steps": 20, "n": 20},
    "adversarial-convolutions": {
        "epochs": 1,
        "classes": (2,),
        "channels": (4,),
        "epsilons": (0.0, 0.1),
        "attack_steps": 1,
        "n": 200,
    },
    "adversarial-digits": {"epochs": 1, "widths": (8,), "epsilons": (0.0, 0.1), "attack_steps": 2},
}


@conformance("networks", params=TRAINED_BRIEFLY)
def test_networks(check):
    check()


@conformance("superposition", params={"sae": {"epochs": 5, "steps": 0, "batch": 16, "copies": 2}})
def test_superposition(check):
    check()


EPOCHS = {"epochs": 20, "hidden": 8}


@conformance(
    "netinfof",
    params=dict.fromkeys(("gcn", "sage", "gat", "sgc", "linear"), EPOCHS)
    | {"netinfof-act": {"steps": 40, "group": (1e-4,)}},
)
def test_netinfof(check):
    check()


@conformance(
    "graphs",
    params={
        "node-scenarios": {"nodes": 200},
        "link-scenarios": {"nodes": 128, "k": 10, "density": 0.1},
    },
)
def test_graphs(check):
    check()


BRIEF = {"steps": 10, "width": 16, "layers": 1}
POLICIES = ["all", "order", "reverse", "random-order", "filter", "random-kept", "easy", "medium", "hard", "random", "weight", "random-weight"]  # fmt: skip


@conformance(
    "wireless_pvi",
    params={f"train-{policy}": BRIEF for policy in POLICIES}
    | {
        "transformer-classifier": BRIEF,
        "scaling-curve": {"steps": 8, "points": 2},
        "pvi-guide": {"steps": 5, "folds": 2},
        "text-embedding": {"dimensions": 5},
    },
)
def test_wireless_pvi(check):
    check()


@conformance(
    "text",
    params={
        "known-v-information": {"n": 100},
        "noma": {"n": 60},
        "noma-answers": {"n": 30},
        "wireless-qa": {"n": 60},
        "wireless-summaries": {"n": 30},
    },
)
def test_text(check):
    check()


@conformance("perceptual_scales", params={"score-fisher": {"draws": 50}, "mlds": {"boot": 20}})
def test_perceptual_scales(check):
    check()


@conformance(
    "perception",
    params={"gaussian-textures": {"size": 32}, "stimulus-measurement": {"n": 200, "sigma": (0.1,)}},
)
def test_perception(check):
    check()


SMALL = {"noises": (0.1,), "budgets": (32,), "partners": 2}


@conformance(
    "preferences",
    params={
        "prefix-trees": SMALL | {"height": 6},
        "pydoc-trie": SMALL | {"most": 200},
        "known-margins": {"n": 200},
    },
)
def test_preferences(check):
    check()


@conformance("rlhf_topology", params={"active": {"candidates": 50}})
def test_rlhf_topology(check):
    check()


CLICKED = {"images": 1, "train": 1, "size": 32}


@conformance("images", params={"shapes": CLICKED, "recorded-sessions": CLICKED})
def test_images(check):
    check()


@conformance("gpcis")
def test_gpcis(check):
    check()
