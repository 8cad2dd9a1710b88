import numpy as np

from cs231n.layers import *
from cs231n.layer_utils import *


def affine_bn_relu_forward(x, w, b, gamma, beta, bn_param):
  a, fc_cache = affine_forward(x, w, b)
  a_bn, bn_cache = batchnorm_forward(a, gamma, beta, bn_param)
  out, relu_cache = relu_forward(a_bn)
  return out, (fc_cache, bn_cache, relu_cache)


def affine_bn_relu_backward(dout, cache):
  fc_cache, bn_cache, relu_cache = cache
  da_bn = relu_backward(dout, relu_cache)
  da, dgamma, dbeta = batchnorm_backward(da_bn, bn_cache)
  dx, dw, db = affine_backward(da, fc_cache)
  return dx, dw, db, dgamma, dbeta


class FullyConnectedNet(object):
  def __init__(self, hidden_dims, input_dim=3*32*32, num_classes=10,
               dropout=0, use_batchnorm=False, reg=0.0,
               weight_scale=1e-2, dtype=np.float32, seed=None):
    self.use_batchnorm = use_batchnorm
    self.use_dropout = dropout > 0
    self.reg = reg
    self.num_layers = 1 + len(hidden_dims)
    self.dtype = dtype
    self.params = {}

    dims = [input_dim] + hidden_dims + [num_classes]
    for i in range(self.num_layers):
      self.params['W%d' % (i + 1)] = weight_scale * np.random.randn(dims[i], dims[i + 1])
      self.params['b%d' % (i + 1)] = np.zeros(dims[i + 1])
      if use_batchnorm and i < self.num_layers - 1:
        self.params['gamma%d' % (i + 1)] = np.ones(dims[i + 1])
        self.params['beta%d' % (i + 1)] = np.zeros(dims[i + 1])

    self.dropout_param = {}
    if self.use_dropout:
      self.dropout_param = {'mode': 'train', 'p': dropout}
      if seed is not None:
        self.dropout_param['seed'] = seed

    self.bn_params = []
    if self.use_batchnorm:
      self.bn_params = [{'mode': 'train'} for i in range(self.num_layers - 1)]

    # Cast all parameters to the correct datatype
    for k, v in self.params.items():
      self.params[k] = v.astype(dtype)

  def loss(self, X, y=None):
    X = X.astype(self.dtype)
    mode = 'test' if y is None else 'train'

    if self.dropout_param is not None:
      self.dropout_param['mode'] = mode
    if self.use_batchnorm:
      for bn_param in self.bn_params:
        bn_param['mode'] = mode

    caches, drop_caches = [], []
    h = X
    for i in range(1, self.num_layers):
      W, b = self.params['W' + str(i)], self.params['b' + str(i)]
      if self.use_batchnorm:
        gamma, beta = self.params['gamma' + str(i)], self.params['beta' + str(i)]
        h, cache = affine_bn_relu_forward(h, W, b, gamma, beta, self.bn_params[i - 1])
      else:
        h, cache = affine_relu_forward(h, W, b)
      caches.append(cache)
      if self.use_dropout:
        h, drop_cache = dropout_forward(h, self.dropout_param)
        drop_caches.append(drop_cache)
    i = self.num_layers
    scores, last_cache = affine_forward(h, self.params['W' + str(i)], self.params['b' + str(i)])

    # If test mode return early
    if mode == 'test':
      return scores

    grads = {}
    data_loss, dscores = softmax_loss(scores, y)
    reg_loss = 0
    for w in [self.params[f] for f in self.params.keys() if f[0] == 'W']:
      reg_loss += 0.5 * self.reg * np.sum(w * w)
    loss = data_loss + reg_loss

    dh, grads['W' + str(i)], grads['b' + str(i)] = affine_backward(dscores, last_cache)
    while i > 1:
      i -= 1
      if self.use_dropout:
        dh = dropout_backward(dh, drop_caches.pop())
      if self.use_batchnorm:
        dh, dw, db, dgamma, dbeta = affine_bn_relu_backward(dh, caches.pop())
        grads['gamma' + str(i)], grads['beta' + str(i)] = dgamma, dbeta
      else:
        dh, dw, db = affine_relu_backward(dh, caches.pop())
      grads['W' + str(i)], grads['b' + str(i)] = dw, db
    for f in grads:
      if f.startswith('W'):
        grads[f] = grads[f] + self.reg * self.params[f]
    return loss, grads


class ThreeLayerConvNet(object):
  def __init__(self, input_dim=(3, 32, 32), num_filters=32, filter_size=7,
               hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0,
               dtype=np.float32):
    self.params = {}
    self.reg = reg
    self.dtype = dtype
    C, H, W = input_dim
    self.params['W1'] = weight_scale * np.random.randn(num_filters, C, filter_size, filter_size)
    self.params['b1'] = np.zeros(num_filters)
    self.params['W2'] = weight_scale * np.random.randn(num_filters * H * W // 4, hidden_dim)
    self.params['b2'] = np.zeros(hidden_dim)
    self.params['W3'] = weight_scale * np.random.randn(hidden_dim, num_classes)
    self.params['b3'] = np.zeros(num_classes)
    for k, v in self.params.items():
      self.params[k] = v.astype(dtype)

  def loss(self, X, y=None):
    W1, b1 = self.params['W1'], self.params['b1']
    W2, b2 = self.params['W2'], self.params['b2']
    W3, b3 = self.params['W3'], self.params['b3']
    filter_size = W1.shape[2]
    conv_param = {'stride': 1, 'pad': (filter_size - 1) // 2}
    pool_param = {'pool_height': 2, 'pool_width': 2, 'stride': 2}

    conv, conv_cache = conv_forward_naive(X, W1, b1, conv_param)
    relu1, relu1_cache = relu_forward(conv)
    pool, pool_cache = max_pool_forward_naive(relu1, pool_param)
    hidden, hidden_cache = affine_forward(pool, W2, b2)
    relu2, relu2_cache = relu_forward(hidden)
    scores, scores_cache = affine_forward(relu2, W3, b3)

    if y is None:
      return scores

    grads = {}
    loss, dscores = softmax_loss(scores, y)
    for p in ('W1', 'W2', 'W3'):
      loss += 0.5 * self.reg * np.sum(np.square(self.params[p]))
    drelu2, grads['W3'], grads['b3'] = affine_backward(dscores, scores_cache)
    dhidden = relu_backward(drelu2, relu2_cache)
    dpool, grads['W2'], grads['b2'] = affine_backward(dhidden, hidden_cache)
    drelu1 = max_pool_backward_naive(dpool, pool_cache)
    dconv = relu_backward(drelu1, relu1_cache)
    _, grads['W1'], grads['b1'] = conv_backward_naive(dconv, conv_cache)
    for p in ('W1', 'W2', 'W3'):
      grads[p] += self.reg * self.params[p]
    return loss, grads
