"""Backpropagation written by hand, one idea a file, in NumPy alone.

Every layer is two pure functions, the backward directly below its forward:

    x_forward(...)          -> out, cache
    x_backward(dout, cache) -> the gradient of every input, in input order

`dout` is the upstream gradient: the derivative of the final loss with respect to `out`.
A loss ends the chain and needs no upstream: x_loss(x, y) -> loss, dx.

Read in this order:

    the beginning   salary, affine, rectifiers, sigmoids, softmax, regression, classification
    putting it up   layer, network, optimizers, train
    images          windows, convolution, pooling, transposed_convolution
    norms           standardize, batchnorm, layernorm, groupnorm, dropout
    sequences       shapes, embedding, temporal, rnn, lstm, gru, ctc
    attention       attention, multihead, gpt
    and             metric

An integer or boolean input (token ids, masks, labels) has no gradient: None stands for that of ids;
masks are options, which have none.

The same code runs on float32, float64, complex and object arrays. That is why it says x * (x > 0)
and not np.maximum(x, 0), and g / N and not (1 / N) * g: a number type that counts roundings, or a
complex step, must be able to pass through. No function ever writes into its arguments.
"""
