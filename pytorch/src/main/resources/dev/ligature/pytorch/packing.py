# Weights in fewer bits, in the dialect that torch.jit.save writes. w (out, in) and x (…, in) are fp32,
# p holds the bits: bfloat16 (out, in), or whole numbers as int8 (out, in) with their scales s (out) in
# bfloat16. DJL passes arrays of bfloat16 on and knows no more of them. Data types by number: 1 int8,
# 6 fp32, 15 bfloat16.

class Packing(Module):
  __parameters__ = []
  __buffers__ = []
  def forward(self: __torch__.Packing, x: Tensor) -> Tensor:
    return x

  def pack_bf16(self: __torch__.Packing, w: Tensor) -> Tensor:
    return torch.contiguous(torch.to(w, 15))
  # s = max |w| / 127 of each row, rounded to the bfloat16 that is used from then on; p = round(w / s).
  # A part of the rows at a time: an allocator may keep what a whole matrix takes on the way.
  def pack_int8(self: __torch__.Packing, w: Tensor) -> Tuple[Tensor, Tensor]:
    rows = torch.size(w, 0)
    p = torch.empty(torch.size(w), dtype=1)
    s = torch.empty([rows], dtype=15)
    i = 0
    more = torch.lt(i, rows)
    while more:
      j = torch.add(i, 512)
      part = torch.slice(w, 0, i, j)
      m = torch.div(torch.maximum(torch.amax(part, [1]), torch.neg(torch.amin(part, [1]))), 127.)
      scales = torch.to(torch.where(torch.eq(m, 0.), torch.ones_like(m), m), 15)
      q = torch.round_(torch.div(part, torch.unsqueeze(torch.to(scales, 6), 1)))
      _0 = torch.copy_(torch.slice(p, 0, i, j), torch.clamp_(q, -127, 127))
      _1 = torch.copy_(torch.slice(s, 0, i, j), scales)
      more, i = torch.lt(j, rows), j
    return (p, s)

  def unpack_bf16(self: __torch__.Packing, p: Tensor) -> Tensor:
    return torch.to(p, 6)
  def unpack_int8(self: __torch__.Packing, p: Tensor, s: Tensor) -> Tensor:
    return torch.mul_(torch.to(p, 6), torch.unsqueeze(torch.to(s, 6), 1))

  def rows_bf16(self: __torch__.Packing, ids: Tensor, p: Tensor) -> Tensor:
    return torch.to(torch.embedding(p, ids), 6)
  def rows_int8(self: __torch__.Packing, ids: Tensor, p: Tensor, s: Tensor) -> Tensor:
    scales = torch.embedding(torch.unsqueeze(torch.to(s, 6), 1), ids)
    return torch.mul_(torch.to(torch.embedding(p, ids), 6), scales)

  # y = x Wᵀ by the processor's product of bfloat16
  def linear_bf16(self: __torch__.Packing, x: Tensor, p: Tensor) -> Tensor:
    return torch.to(torch.linear(torch.to(x, 15), p), 6)
  # The same of whole numbers, which bfloat16 holds exactly; the scales come last.
  def linear_int8(self: __torch__.Packing, x: Tensor, p: Tensor, s: Tensor) -> Tensor:
    y = torch.to(torch.linear(torch.to(x, 15), torch.to(p, 15)), 6)
    return torch.mul_(y, torch.to(s, 6))
  # The same for few tokens: whole numbers are read as they lie.
  def linear_few_int8(self: __torch__.Packing, x: Tensor, p: Tensor, s: Tensor) -> Tensor:
    z = torch.to(torch.reshape(x, [-1, torch.size(x, -1)]), 15)
    y = torch.to(torch._weight_int8pack_mm(z, p, s), 6)
    size = torch.slice(torch.size(x), None, -1)
    return torch.view(y, torch.add(size, [torch.size(p, 0)]))
  # y = x Wᵀ by the product of fp32
  def linear_wide_bf16(self: __torch__.Packing, x: Tensor, p: Tensor) -> Tensor:
    return torch.linear(x, (self).unpack_bf16(p, ))
  def linear_wide_int8(self: __torch__.Packing, x: Tensor, p: Tensor, s: Tensor) -> Tensor:
    return torch.mul_(torch.linear(x, torch.to(p, 6)), torch.to(s, 6))
