
  # y = x Wᵀ by oneDNN's product of bfloat16, which some engines have not.
  def linear_onednn_bf16(self: __torch__.Packing, x: Tensor, p: Tensor) -> Tensor:
    y = ops.mkldnn._linear_pointwise(torch.to(x, 15), p, None, "none", annotate(List[Optional[number]], []), "")
    return torch.to(y, 6)
  def linear_onednn_int8(self: __torch__.Packing, x: Tensor, p: Tensor, s: Tensor) -> Tensor:
    y = (self).linear_onednn_bf16(x, torch.to(p, 15), )
    return torch.mul_(y, torch.to(s, 6))
