"""Networks: layers in a row, branches that rejoin, parameters used more than once.

A network is a plain value, a list of layers that name their parameters; the numbers stand apart,
in a dict of arrays:

    net = [layer("affine", "W1", "b1"), layer("relu"), layer("affine", "W2", "b2")]
    params = {"W1": ..., "b1": ..., "W2": ..., "b2": ...}

layer("relu") calls relu_forward and relu_backward, whichever file they stand in. A name that occurs
twice is one parameter used twice.
Errors: those of the layers; TypeError for what is no layer, KeyError for a parameter that params
lacks, ValueError for a kind nobody wrote, a branch that does not fit x, a setting out of range.
Source: Rumelhart, Hinton and Williams, 1986.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from manual.catalog import find
from manual.checks import Array, expect, expect_count, expect_shape
from manual.layer import Layer, layer
from manual.layer import concatenate as concatenate
from manual.layer import residual as residual
from manual.shapes import concatenate_backward, concatenate_forward

Net = Sequence[Layer]
Params = dict[str, Array]


def network_forward(x: Array, params: Params, net: Net) -> tuple[Array, Any]:
    """Layer after layer: the output of each is the input of the next.

    x: what the first layer takes: (N, D) for affine, (N, C, H, W) for conv2d, ids for embedding
    params: a dict of arrays    net: a list of layers
    Returns out, and the caches of all layers, in order.
    """
    caches = []
    for this in net:
        _expect_layer("a part of net", this)
        if this.kind == "residual":
            branch, cache = network_forward(x, params, this.body)
            expect_shape(x.shape, residual_branch=branch)
            x = x + branch
        elif this.kind == "concatenate":
            branch, inner = network_forward(x, params, this.body)
            x, joint = concatenate_forward([x, branch], **this.options)
            cache = inner, joint
        else:
            x_forward = find(this.kind, "forward")
            x, cache = x_forward(x, *_look_up(params, this), **this.options)
        caches.append(cache)
    return x, (caches, net)


def network_backward(dout: Array, cache: Any) -> tuple[Array, Params]:
    """Layer before layer: the dx of each is the dout of the one before it.

    Where one value feeds several places, each place sends back a gradient, and they ADD:
    x of a residual feeds the branch and the sum; a shared parameter feeds every layer that uses it.

    dout: the shape of out. Returns dx (the shape of x; None if x holds integers), and grads: a dict
    with the gradient of every parameter that the network uses, in its shape.
    """
    caches, net = cache
    grads = {}
    for this, cache in zip(reversed(net), reversed(caches), strict=True):
        if this.kind == "residual":
            dbranch, dbody = network_backward(dout, cache)
            dout, dparams = dout + dbranch, dbody.items()
        elif this.kind == "concatenate":
            inner, joint = cache
            dskip, dbranch = concatenate_backward(dout, joint)
            dbranch, dbody = network_backward(dbranch, inner)
            dout, dparams = dskip + dbranch, dbody.items()
        else:
            x_backward = find(this.kind, "backward")
            dx = x_backward(dout, cache)  # dx alone, or (dx, one gradient a parameter)
            dout, *dweights = dx if this.params else [dx]
            dparams = zip(this.params, dweights, strict=True)
        for name, dparam in dparams:
            grads[name] = grads[name] + dparam if name in grads else dparam
    return dout, grads


def network_loss(
    x: Array, y: Array, params: Params, net: Net, loss: Layer, reg: float = 0.0
) -> tuple[float, Array, Params]:
    """The loss of the network's output against y, and its gradients.

    loss: a layer value that names a loss: layer("softmax"), layer("huber", delta=2.0)
    reg: of l2_loss, added for every parameter of two or more axes (the weights, not the biases)
    x, params, net: those of network_forward. Returns loss, dx (the shape of x), grads by name.
    """
    _expect_layer("loss", loss)
    out, cache = network_forward(x, params, net)
    total, dout = find(loss.kind, "loss")(out, y, **loss.options)
    dx, grads = network_backward(dout, cache)
    if reg:
        for name in grads:
            if params[name].ndim > 1:
                penalty, dw = l2_loss(params[name], reg)
                total = total + penalty
                grads[name] = grads[name] + dw
    return total, dx, grads


def l2_loss(w: Array, reg: float) -> tuple[float, Array]:
    """L2 regularisation: loss = reg / 2 * sum(w^2), so dw = reg w. w, dw: any shape.

    Source: CS231n, assignment 2, with its 1/2; PyTorch's weight_decay adds the same gradient.
    """
    expect("*", w=w)
    if not reg >= 0:
        raise ValueError(f"reg is {reg}, expected a strength of 0 or more")
    return reg * (w * w).sum() / 2, reg * w


def mlp(sizes: list[int], activation: str = "relu", seed: int = 0) -> tuple[list[Layer], Params]:
    """A multi-layer perceptron: affine layers with an activation between each two.

    sizes: the widths, from input to output, two or more: mlp([64, 32, 10])    seed: of the draw
    Returns net, params: W1 (D, M), ... of variance 2 / D, b1 (M,), ... 0. Source: He et al., 2015.
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes is {sizes}, expected two widths or more")
    expect_count(**{f"sizes[{i}]": size for i, size in enumerate(sizes)})
    find(activation, "forward")  # an unknown one is an error here, not in the first forward pass
    rng = np.random.default_rng(seed)
    net, params = [], {}
    for i, (D, M) in enumerate(pairwise(sizes), start=1):
        net += [layer("affine", f"W{i}", f"b{i}"), layer(activation)]
        params[f"W{i}"] = rng.normal(scale=math.sqrt(2 / D), size=(D, M))
        params[f"b{i}"] = np.zeros(M)
    return net[:-1], params


def _expect_layer(name: str, this: Any) -> None:
    if not isinstance(this, Layer):
        raise TypeError(f"{name} is {this!r}, expected a layer, such as layer('relu')")


def _look_up(params: Params, this: Layer) -> list[Array]:
    for name in this.params:
        if name not in params:
            raise KeyError(f"params has no {name!r}, which {this!r} uses; it has {sorted(params)}")
    return [params[name] for name in this.params]
