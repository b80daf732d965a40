# Operators in TorchScript, in the dialect that torch.jit.save writes. Arguments that end in a
# gradient are named d…; x (…, in), w (out, in), a (r, in), b (out, r), s a scalar array.

class Operators(Module):
  __parameters__ = []
  __buffers__ = []
  def forward(self: __torch__.Operators, x: Tensor) -> Tensor:
    return x

  # y = x Wᵀ; where x has a graph, by an operator that keeps it.
  def linear(self: __torch__.Operators, x: Tensor, w: Tensor) -> Tensor:
    if ops.prim.requires_grad(x):
      y = torch.matmul(x, torch.t(w))
    else:
      y = (self).product(x, w, )
    return y
  def linear_bias(self: __torch__.Operators, x: Tensor, w: Tensor, bias: Tensor) -> Tensor:
    if ops.prim.requires_grad(x):
      y = torch.add(torch.matmul(x, torch.t(w)), bias)
    else:
      y = torch.add_((self).product(x, w, ), bias)
    return y
  # dx = dy W
  def linear_backward(self: __torch__.Operators, dy: Tensor, w: Tensor) -> Tensor:
    return (self).product(dy, torch.t(w), )

  # y = x (W + s B A)ᵀ by the sum of the weights: few tokens make it dear, many cheap.
  def lora_merged(self: __torch__.Operators, x: Tensor, w: Tensor, a: Tensor, b: Tensor, s: Tensor) -> Tensor:
    return (self).product(x, torch.addmm(w, torch.mul(b, s), a), )
  # y = x Wᵀ + ((x Aᵀ) (s B)ᵀ), N tokens in the rows of x.
  def lora_term(self: __torch__.Operators, x: Tensor, w: Tensor, a: Tensor, b: Tensor, s: Tensor) -> Tensor:
    z = torch.reshape(x, [-1, torch.size(x, -1)])
    y = (self).product(z, w, )
    y1 = torch.addmm_(y, (self).product(z, a, ), torch.t(torch.mul(b, s)))
    size = torch.slice(torch.size(x), None, -1)
    return torch.view(y1, torch.add(size, [torch.size(w, 0)]))
  # dA = s (dy B)ᵀ x, dB = s dyᵀ (x Aᵀ)
  def lora_factors(self: __torch__.Operators, dy: Tensor, x: Tensor, a: Tensor, b: Tensor, s: Tensor) -> Tuple[Tensor, Tensor]:
    d = torch.reshape(dy, [-1, torch.size(dy, -1)])
    z = torch.reshape(x, [-1, torch.size(x, -1)])
    low = (self).product(z, torch.mul(a, s), )
    dlow = (self).product(d, torch.t(torch.mul(b, s)), )
    da = (self).product(torch.contiguous(torch.t(dlow)), torch.t(z), )
    db = (self).product(torch.contiguous(torch.t(low)), torch.t(d), )
    return (da, torch.contiguous(torch.t(db)))
  # dx = dy (W + s B A)
  def lora_merged_input(self: __torch__.Operators, dy: Tensor, w: Tensor, a: Tensor, b: Tensor, s: Tensor) -> Tensor:
    return (self).product(dy, torch.t(torch.addmm(w, torch.mul(b, s), a)), )
  # dx = dy W + ((dy s B) A)
  def lora_term_input(self: __torch__.Operators, dy: Tensor, w: Tensor, a: Tensor, b: Tensor, s: Tensor) -> Tensor:
    d = torch.reshape(dy, [-1, torch.size(dy, -1)])
    dx = (self).product(d, torch.t(w), )
    dx1 = torch.addmm_(dx, (self).product(d, torch.t(torch.mul(b, s)), ), a)
    size = torch.slice(torch.size(dy), None, -1)
    return torch.view(dx1, torch.add(size, [torch.size(w, 1)]))

  # y = w x r with r = 1 / √(mean(x²) + e), and r
  def rms_norm(self: __torch__.Operators, x: Tensor, w: Tensor, e: Tensor) -> Tuple[Tensor, Tensor]:
    r = torch.rsqrt(torch.add(torch.mean(torch.mul(x, x), [-1], True), e))
    return (torch.mul_(torch.mul(x, r), w), r)
  # dx = g r − x r³ mean(g x) with g = dy w
  def rms_norm_backward(self: __torch__.Operators, dy: Tensor, x: Tensor, w: Tensor, r: Tensor) -> Tensor:
    g = torch.mul(dy, w)
    c = torch.mul(torch.mean(torch.mul(g, x), [-1], True), torch.mul(torch.mul(r, r), r))
    return torch.sub_(torch.mul_(g, r), torch.mul(x, c))

  # y = silu(g) u
  def swi_glu(self: __torch__.Operators, g: Tensor, u: Tensor) -> Tensor:
    return torch.mul_(torch.silu(g), u)
  def swi_glu_backward(self: __torch__.Operators, dy: Tensor, g: Tensor, u: Tensor) -> Tuple[Tensor, Tensor]:
    du = torch.mul_(torch.silu(g), dy)
    return (torch.silu_backward(torch.mul(dy, u), g), du)

  # Σ weight (log Σ exp x − x[class]) over the rows of x, and its gradient weight (softmax(x) − onehot).
  # The log of the sum is max x − log max softmax(x), which does not underflow: max softmax(x) ≥ 1 / C.
  def cross_entropy(self: __torch__.Operators, logits: Tensor, classes: Tensor, weight: Tensor) -> Tuple[Tensor, Tensor]:
    x = torch.reshape(logits, [-1, torch.size(logits, -1)])
    top = torch.amax(x, [1], True)
    picked = torch.gather(x, 1, classes)
    p = torch.softmax(x, 1)
    lse = torch.sub(top, torch.log(torch.amax(p, [1], True)))
    loss = torch.sum(torch.mul(torch.sub(lse, picked), weight))
    d = torch.scatter_add_(torch.mul_(p, weight), 1, classes, torch.neg(weight))
    return (loss, torch.view(d, torch.size(logits)))
  def times(self: __torch__.Operators, d: Tensor, by: Tensor) -> Tensor:
    return torch.mul_(d, by)

  # 0 for an array without a graph, 1 for a leaf of one, 2 for what was computed in one
  def graph(self: __torch__.Operators, x: Tensor) -> Tensor:
    if ops.prim.requires_grad(x):
      if torch.is_leaf(x):
        state = 1
      else:
        state = 2
    else:
      state = 0
    return torch.tensor(state)
  # How often an array was overwritten; handles on one tensor share the count.
  def version(self: __torch__.Operators, x: Tensor) -> Tensor:
    return torch.tensor(ops.aten._version(x))
  # The gradient that autograd left at a leaf; empty if it left none.
  def gradient(self: __torch__.Operators, leaf: Tensor) -> Tensor:
    g = ops.prim.grad(leaf)
    if torch.eq(torch.numel(g), 0):
      found = torch.zeros([0])
    else:
      found = g
    return found
