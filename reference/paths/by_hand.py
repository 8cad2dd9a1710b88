"""The path on trial: the hand-written forward and backward of manual/."""

from manual.network import network_backward, network_forward, network_loss
from reference.problem import Gradients, Problem


def gradients(problem: Problem) -> Gradients:
    """The loss (or output) and all gradients, as manual/ has them, in the dtype of the problem."""
    net, params, x, y, loss, reg = problem
    if loss is not None:
        return Gradients(*network_loss(x, y, params, net, loss, reg))
    out, cache = network_forward(x, params, net)
    dx, grads = network_backward(y, cache)
    return Gradients(out, dx, grads)
