"""PyTorch autograd, on PyTorch's own kernels (torch.nn.functional)."""

from reference.cards import LAYERS, LOSSES
from reference.problem import Gradients, Problem


def gradients(problem: Problem) -> Gradients:
    """The loss (or output) and all gradients by torch.autograd, on the CPU."""
    import torch

    net, arrays, x_array, y_array, loss, reg = problem
    x = torch.tensor(x_array, requires_grad=x_array.dtype.kind == "f")
    params = {name: torch.tensor(array, requires_grad=True) for name, array in arrays.items()}
    y = torch.tensor(y_array)
    value = _forward(torch.nn.functional, x, params, net)
    labels = loss is not None and (LOSSES[loss.kind].targets == "own" or y_array.ndim == 1)
    y = y if labels else y.to(value.dtype)  # labels stay integers, numbers are of one kind
    if loss is None:
        objective = (value * y).sum()
    else:
        value = LOSSES[loss.kind].torch(torch.nn.functional, value, y, **loss.options)
        if reg:
            value = value + reg / 2 * sum((w * w).sum() for w in params.values() if w.ndim > 1)
        objective = value
    inputs = [x, *params.values()] if x.requires_grad else [*params.values()]
    grads = list(torch.autograd.grad(objective, inputs))
    return Gradients(
        value.detach().numpy(),
        grads.pop(0).numpy() if x.requires_grad else None,
        {name: grad.numpy() for name, grad in zip(params, grads, strict=True)},
    )


def _forward(F, x, params, net):
    for layer in net:
        if layer.kind == "residual":
            x = x + _forward(F, x, params, layer.body)
        elif layer.kind == "concatenate":
            import torch

            x = torch.cat([x, _forward(F, x, params, layer.body)], layer.options["axis"])
        else:
            weights = [params[name] for name in layer.params]
            x = LAYERS[layer.kind].torch(F, x, *weights, **layer.options)
    return x
