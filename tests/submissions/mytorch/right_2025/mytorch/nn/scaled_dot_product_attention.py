import numpy as np
from .activation import Softmax


class ScaledDotProductAttention:
    """
    Scaled Dot Product Attention
    """
    def __init__(self):
        '''
        Initialize the ScaledDotProductAttention class.
        '''
        # Initialize your softmax layer
        # What dimension should you pass to the softmax constructor?
        self.eps = 1e10  # DO NOT MODIFY
        self.softmax = Softmax(dim=-1)

    def forward(self, Q, K, V, mask=None):
        """
        :param Q: Query matrix of shape (N, ..., H, L, E)
        :param K: Key matrix of shape (N, ..., H, S, E)
        :param V: Value matrix of shape (N, ..., H, S, Ev)
        :param mask: Boolean mask matrix of shape (N, ..., H, L, S) or broadcastable shape where 1/True indicates a position to ignore
        """
        self.Q, self.K, self.V = Q, K, V

        # Calculate attention scores: (N, ..., H, L, S)
        scaled_dot_product = Q @ np.swapaxes(K, -1, -2) / np.sqrt(K.shape[-1])

        # Apply mask before softmax if provided
        if mask is not None:
            scaled_dot_product = scaled_dot_product - mask * self.eps

        # Compute attention scores: Apply softmax along S dimension (N, ..., H, L, S)
        self.attention_scores = self.softmax.forward(scaled_dot_product)

        # Calculate output: (N, ..., H, L, Ev)
        output = self.attention_scores @ V

        return output

    def backward(self, d_output):
        # Calculate gradients for V
        d_V = np.swapaxes(self.attention_scores, -1, -2) @ d_output

        # Calculate gradients for attention scores
        d_attention_scores = d_output @ np.swapaxes(self.V, -1, -2)
        d_scaled_dot_product = self.softmax.backward(d_attention_scores)

        # Scale gradients by sqrt(d_k)
        d_scaled_dot_product = d_scaled_dot_product / np.sqrt(self.K.shape[-1])

        # Calculate gradients for Q and K
        d_Q = d_scaled_dot_product @ self.K
        d_K = np.swapaxes(d_scaled_dot_product, -1, -2) @ self.Q

        return d_Q, d_K, d_V
