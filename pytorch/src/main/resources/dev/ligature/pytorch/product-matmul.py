
  # x Wᵀ as the engine computes it by itself.
  def product(self: __torch__.Operators, x: Tensor, w: Tensor) -> Tensor:
    return torch.matmul(x, torch.t(w))
