from .linear import Linear
from .activation import Softmax
from .scaled_dot_product_attention import ScaledDotProductAttention
from .multi_head_attention import MultiHeadAttention
