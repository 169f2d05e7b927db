"""Train autoencoders by ours or the peer in an interpreter of its own; prints a line of JSON.

``python worker.py peer|ours|tied|sweep UNITS SAMPLES FOLDER``: 16,000 samples of 2 UNITS features
through UNITS units, a dictionary four times as wide, batches of 128, Adam with 1e-3, the l1 weight
0.1, one thread. The loss is the mean of
|x - x'|^2 + 0.1 sum |z_i| |w_i|, with the lengths of the decoder's rows, so that no scaling of them
helps. The peer leaves its file and codes in FOLDER, ours reads them there.
"""

import json
import sys
import time
from pathlib import Path

import torch

BATCH, RATE, L1, N, EXPANSION = 128, 1e-3, 0.1, 16_000, 4


def data(units):
    draws = torch.Generator().manual_seed(0)
    features = 2 * units
    codes = torch.rand((N, features), generator=draws) * (
        torch.rand((N, features), generator=draws) < 2 / features
    )
    directions = torch.randn((features, units), generator=draws)
    x = codes @ (directions / directions.norm(dim=1, keepdim=True))
    return x * (units / x.square().sum(1).mean()) ** 0.5


def figures(x, z, back, weights):
    loss = ((back - x).square().sum(1) + L1 * (z * weights).sum(1)).mean()
    left = (back - x).square().sum() / (x - x.mean(0)).square().sum()
    return {
        "loss": float(loss),
        "unexplained": float(left),
        "active": float((z > 0).float().sum(1).mean()),
    }


def peer(x, samples, folder):
    from sae_lens import StandardTrainingSAE, StandardTrainingSAEConfig
    from sae_lens.config import LoggingConfig, SAETrainerConfig
    from sae_lens.training.sae_trainer import SAETrainer

    def batches():
        while True:
            for rows in torch.randperm(len(x)).split(BATCH):
                if len(rows) == BATCH:
                    yield x[rows]

    torch.manual_seed(0)
    units = x.shape[1]
    config = StandardTrainingSAEConfig(
        d_in=units,
        d_sae=EXPANSION * units,
        l1_coefficient=L1,
        decoder_init_norm=1.0,
        apply_b_dec_to_input=False,
    )
    made = StandardTrainingSAE(config)

    def train(total):
        settings = SAETrainerConfig(
            total_training_samples=total,
            train_batch_size_samples=BATCH,
            lr=RATE,
            lr_end=RATE,
            logger=LoggingConfig(log_to_wandb=False),
        )
        SAETrainer(settings, made, batches()).fit()

    train(10 * BATCH)  # what is loaded or compiled on first use
    start = time.process_time()
    train(samples)
    spent = time.process_time() - start
    with torch.no_grad():
        z = made.encode(x)
        found = figures(x, z, made.decode(z), made.W_dec.norm(dim=1))
    made.save_inference_model(str(folder / "sae"))
    torch.save(z[:500], folder / "codes.pt")
    return found | {"rate": samples / spent}


def ours(side, x, samples, folder):
    from harness_superposition import checkpoints
    from harness_superposition.training import Plan, train

    count = 9 if side == "sweep" else 1
    weights = torch.tensor([0.1, 0.05, 0.2] * 3 if side == "sweep" else [L1])
    epochs = round(samples / (len(x) // BATCH * BATCH))

    def plan(epochs):
        return Plan(
            "relu", side != "ours", 0, EXPANSION * x.shape[1], torch.ones(count), weights, torch.ones(count),
            tuple(i // 3 for i in range(count)), epochs, 0, BATCH, RATE,
        )  # fmt: skip

    with torch.no_grad():
        train(plan(1), x[:1280], x[:128], torch.Generator().manual_seed(0))
        start = time.process_time()
        made = train(plan(epochs), x, x[:128], torch.Generator().manual_seed(0)).saes.take(0)
        spent = time.process_time() - start
        z = made.encode(x[None].clone())
        decoder = made.encoder if made.decoder is None else made.decoder
        found = figures(x, z[0], made.decode(z)[0], decoder[0].norm(dim=1))
        theirs, known = (
            checkpoints.read(folder / "sae"),
            torch.load(folder / "codes.pt", weights_only=True),
        )
        found["apart"] = float((theirs.encode(x[None, :500].clone())[0] - known).abs().max())
    return found | {"rate": count * epochs * (len(x) // BATCH * BATCH) / spent}


def main():
    side, units, samples, folder = (
        sys.argv[1],
        int(sys.argv[2]),
        int(sys.argv[3]),
        Path(sys.argv[4]),
    )
    torch.set_num_threads(1)
    x = data(units)
    print(
        json.dumps(peer(x, samples, folder) if side == "peer" else ours(side, x, samples, folder))
    )


if __name__ == "__main__":
    main()
