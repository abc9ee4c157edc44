"""JAX on the CPU at the same training: many steps in one jitted scan, data in memory.

Usage: python3 peer_jax.py DATA_DIR, on the cores that it may use (OMP_NUM_THREADS says how many)

Reads one JSON object a line from stdin and answers each with one line:

    {"open": "train", "model_type", "hidden_layers", "weights": FILE.safetensors, "rows": [[…], …], "batch_size"}
        →  {"proof": losses, "version": …, "way": "jit"}
    {"seconds": S}  →  {"rate": steps a second}
"""
import json
import os
import sys
from pathlib import Path

threads = int(os.environ["OMP_NUM_THREADS"])
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])

import jax  # Counts the cores when it is imported.
import jax.numpy as jnp
import numpy as np

from peer_common import answer_requests

RAW = Path(sys.argv[1]) / "MNIST" / "raw"
RATE, BETA1, BETA2, EPSILON = 0.001, 0.9, 0.999, 1e-8


def read_digits():
    pixels = np.fromfile(RAW / "train-images-idx3-ubyte", np.uint8)[16:].reshape(-1, 784)
    labels = np.fromfile(RAW / "train-labels-idx1-ubyte", np.uint8)[8:].astype(np.int32)
    return jnp.asarray((pixels.astype(np.float32) / 255 - 0.1307) / 0.3081), jnp.asarray(labels)


def read_layers(file):
    """Weight and bias of each layer, Linear as [in, out] and Conv as [height, width, in, out], in the file's order."""
    data = Path(file).read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, stop = entry["data_offsets"]
            tensors[name] = np.frombuffer(data[end + start : end + stop], np.float32).reshape(entry["shape"])
    layers = []
    for name, weight in tensors.items():
        if name.endswith(".weight"):
            # The features behind a convolution are counted channel by channel in the file, pixel by pixel here.
            if weight.ndim == 2 and weight.shape[1] == 3136:
                weight = weight.reshape(-1, 64, 7, 7).transpose(0, 2, 3, 1).reshape(-1, 3136)
            order = (2, 3, 1, 0) if weight.ndim == 4 else (1, 0)
            layers.append((jnp.asarray(weight.transpose(order)), jnp.asarray(tensors[name.replace("weight", "bias")])))
    return layers


def forward(layers, images):
    x, last = images, layers[-1]
    for weight, bias in layers:
        if weight.ndim == 4:
            x = x.reshape(len(x), 28, 28, 1) if x.ndim == 2 else x
            x = jax.lax.conv_general_dilated(x, weight, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
            n, height, width, channels = x.shape
            x = jax.nn.relu(x + bias).reshape(n, height // 2, 2, width // 2, 2, channels).max((2, 4))
        else:
            x = x.reshape(len(x), -1) @ weight + bias
            x = x if weight is last[0] else jax.nn.relu(x)
    return x


def loss_of(layers, images, labels):
    likelihoods = jax.nn.log_softmax(forward(layers, images))
    return -jnp.take_along_axis(likelihoods, labels[:, None], 1).mean()


def open_training(request):
    images, labels = read_digits()
    layers = read_layers(request["weights"])
    zeros = jax.tree.map(jnp.zeros_like, layers)

    def step(state, rows):
        layers, means, squares, count = state
        count = count + 1
        loss, slopes = jax.value_and_grad(loss_of)(layers, images[rows], labels[rows])
        means = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, means, slopes)
        squares = jax.tree.map(lambda s, g: BETA2 * s + (1 - BETA2) * g * g, squares, slopes)
        size, correction = RATE / (1 - BETA1**count), 1 / jnp.sqrt(1 - BETA2**count)
        layers = jax.tree.map(
            lambda p, m, s: p - size * m / (jnp.sqrt(s) * correction + EPSILON), layers, means, squares
        )
        return (layers, means, squares, count), loss

    run = jax.jit(lambda state, rows: jax.lax.scan(step, state, rows), donate_argnums=0)
    state, losses = run((layers, zeros, jax.tree.map(jnp.copy, zeros), jnp.float32(0)), jnp.asarray(request["rows"]))
    proof = losses.tolist()
    steps = 10 if request["model_type"] == "ConvNN" else 200
    random = np.random.default_rng(1)

    def work():
        nonlocal state
        rows = jnp.asarray(random.integers(0, len(labels), (steps, request["batch_size"])))
        state, losses = run(state, rows)
        losses.block_until_ready()
        return steps

    return work, proof


def open_work(request):
    work, proof = open_training(request)
    return work, {"proof": proof, "version": jax.__version__, "way": "jit"}


answer_requests(open_work)
