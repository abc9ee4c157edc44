"""PyTorch at the same work, told line by line what to do.

Usage: python3 peer_pytorch.py DATA_DIR, with OMP_NUM_THREADS set

Reads one JSON object a line from stdin and answers each with one line:

    {"open": "train", "model_type", "hidden_layers", "weights": FILE, "rows": [[…], …], "batch_size", "way"}
        →  {"proof": losses, "version": …, "way": …}
    {"open": "infer", "model_type", "hidden_layers", "weights": FILE, "batch_size"}
        →  {"proof": probabilities of image 0, "version": …}
    {"seconds": S}  →  {"rate": steps or images a second of what was opened last}

Ways to train: `eager`, `fused` (Adam in one kernel) and `compile` (torch.compile with fused Adam). One that this PyTorch
does not have is answered with {"missing": …}.
"""
import os
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from peer_common import answer_requests

RAW = Path(sys.argv[1]) / "MNIST" / "raw"


def read_images(name):
    pixels = np.fromfile(RAW / f"{name}-images-idx3-ubyte", np.uint8)[16:].reshape(-1, 1, 28, 28)
    return (torch.from_numpy(pixels).float() / 255 - 0.1307) / 0.3081


def read_labels(name):
    return torch.from_numpy(np.fromfile(RAW / f"{name}-labels-idx1-ubyte", np.uint8)[8:].astype(np.int64))


class Model(nn.Module):
    def __init__(self, request):
        super().__init__()
        convolutional = request["model_type"] == "ConvNN"
        self.conv = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        ) if convolutional else nn.Sequential()
        layers, features = [], 3136 if convolutional else 784
        for width in request["hidden_layers"]:
            layers += [nn.Linear(features, width), nn.ReLU()]
            features = width
        self.head = nn.Sequential(*layers, nn.Linear(features, 10))
        self.load_state_dict(torch.load(request["weights"], weights_only=True))

    def forward(self, images):
        return self.head(torch.flatten(self.conv(images), 1))


def open_training(request):
    images, labels, batch = read_images("train"), read_labels("train"), request["batch_size"]
    model, loss_of = Model(request), nn.CrossEntropyLoss()
    way = request.get("way", "eager")
    fused = {} if way == "eager" else {"fused": True}
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, **fused)

    def forward(batch, targets):
        return loss_of(model(batch), targets)

    if way == "compile":
        forward = torch.compile(forward)

    def step(rows):
        optimizer.zero_grad()
        loss = forward(images[rows], labels[rows])
        loss.backward()
        optimizer.step()
        return loss.item()

    def batches():
        while True:
            order = torch.randperm(len(images))
            for start in range(0, len(images) - batch + 1, batch):
                yield order[start : start + batch]

    proof = [step(torch.tensor(rows)) for rows in request["rows"]]
    source = batches()

    def work():
        step(next(source))
        return 1

    return work, proof


def open_inference(request):
    images, model = read_images("t10k")[: request["batch_size"]], Model(request).eval()

    @torch.no_grad()
    def work():
        model(images)
        return len(images)

    with torch.no_grad():
        proof = model(images)[0].softmax(0).tolist()
    return work, proof


def open_work(request):
    way = request.get("way", "eager")
    try:
        work, proof = {"train": open_training, "infer": open_inference}[request["open"]](request)
        return work, {"proof": proof, "version": torch.__version__, "way": way}
    except (AttributeError, TypeError, RuntimeError) as error:
        if way == "eager":
            raise
        return None, {"missing": str(error).splitlines()[0]}


torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
answer_requests(open_work)
