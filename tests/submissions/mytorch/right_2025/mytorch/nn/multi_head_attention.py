from .linear import Linear
from .scaled_dot_product_attention import ScaledDotProductAttention
import numpy as np


class MultiHeadAttention:
    """
    Multi Head Attention
    """
    def __init__(self, embed_dim, num_heads):
        if embed_dim % num_heads != 0:
            raise ValueError("embed_dim must be divisible by num_heads")

        # Initialize parameters and layers
        # DO NOT MODIFY
        self.embed_dim = embed_dim
        self.num_heads = num_heads

        # Initialize your scaled dot product attention layer
        self.attention = ScaledDotProductAttention()

        # Initialize your linear layer
        self.q_proj = Linear(embed_dim, embed_dim)
        self.k_proj = Linear(embed_dim, embed_dim)
        self.v_proj = Linear(embed_dim, embed_dim)
        self.out_proj = Linear(embed_dim, embed_dim)

    def init_weights(self, Wq, bq, Wk, bk, Wv, bv, Wo, bo):
        self.q_proj.init_weights(Wq, bq)
        self.k_proj.init_weights(Wk, bk)
        self.v_proj.init_weights(Wv, bv)
        self.out_proj.init_weights(Wo, bo)

    def forward(self, query, key, value, key_padding_mask=None, attn_mask=None):
        self.N = query.shape[0]
        self.L = query.shape[1]
        self.S = key.shape[1]
        self.E = query.shape[2]

        # Project the query, key, and value inputs into query, key, and value
        q = self.q_proj.forward(query)
        k = self.k_proj.forward(key)
        v = self.v_proj.forward(value)

        # Split the query, key, and value into multiple heads
        q = self._split_heads(q)
        k = self._split_heads(k)
        v = self._split_heads(v)

        # Merge the masks
        mask = self._merge_masks(key_padding_mask, attn_mask)

        # Apply the attention mechanism
        attn_outputs = self.attention.forward(q, k, v, mask=mask)

        # Merge the attention outputs
        attn_output = self._concat_heads(attn_outputs)

        # Project the attention outputs
        output = self.out_proj.forward(attn_output)

        return output

    def backward(self, d_output):
        # Backpropagate through the output projection
        d_attn_output = self.out_proj.backward(d_output)

        # Split the gradients into multiple heads
        d_attn_outputs = self._split_heads(d_attn_output)

        # Backpropagate through the attention mechanism
        d_q, d_k, d_v = self.attention.backward(d_attn_outputs)

        # Merge the gradients
        d_q = self._concat_heads(d_q)
        d_k = self._concat_heads(d_k)
        d_v = self._concat_heads(d_v)

        # Backpropagate through the input projections
        d_q = self.q_proj.backward(d_q)
        d_k = self.k_proj.backward(d_k)
        d_v = self.v_proj.backward(d_v)

        return d_q, d_k, d_v

    def _merge_masks(self, key_padding_mask, attn_mask):
        # Expand key_padding_mask to (N, 1, 1, S) and broadcast to (N, H, L, S)
        key_mask = None
        if key_padding_mask is not None:
            key_mask = np.broadcast_to(key_padding_mask[:, None, None, :], (self.N, self.num_heads, self.L, self.S))

        # Expand attn_mask to (1, 1, L, S) and broadcast to (N, H, L, S)
        attention_mask = None
        if attn_mask is not None:
            attention_mask = np.broadcast_to(attn_mask[None, None, :, :], (self.N, self.num_heads, self.L, self.S))

        # Combine masks using logical_or - if either mask is True, we want to mask that position
        if key_mask is None:
            return attention_mask
        if attention_mask is None:
            return key_mask
        return np.logical_or(key_mask, attention_mask)

    def _split_heads(self, x):
        N, L, E = x.shape
        x = x.reshape(N, L, self.num_heads, E // self.num_heads)
        x = np.transpose(x, (0, 2, 1, 3))
        return x

    def _concat_heads(self, x):
        N, H, L, d = x.shape
        x = np.transpose(x, (0, 2, 1, 3))
        x = x.reshape(N, L, H * d)
        return x
