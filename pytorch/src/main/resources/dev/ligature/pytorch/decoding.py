# Operators of generation in TorchScript, in the dialect that torch.jit.save writes. They do not
# depend on how products of many rows are computed.

class Operators(Module):
  __parameters__ = []
  __buffers__ = []
  def forward(self: __torch__.Operators, x: Tensor) -> Tensor:
    return x

  # softmax(q kᵀ) v from one new token of each of B texts, whose keys k and values v are written to
  # its cache (2, KV, C, D) first. q (B, KV, G, D), k and v (B, KV, 1, D); numbers: B first tokens
  # that are seen, B ends, the cap of the scores or 0.
  def attention(self: __torch__.Operators, q: Tensor, k: Tensor, v: Tensor, numbers: Tensor, caches: List[Tensor]) -> Tensor:
    count = torch.len(caches)
    at = annotate(List[float], numbers.tolist())
    cap = at[torch.mul(2, count)]
    queries = torch.unbind(q)
    new = torch.unbind(torch.stack([k, v], 1))
    out = annotate(List[Tensor], [])
    for i in range(count):
      cache = caches[i]
      end = int(at[torch.add(count, i)])
      _0 = torch.copy_(torch.slice(cache, 2, torch.sub(end, 1), end), new[i])
      keys, values, = torch.unbind(torch.slice(cache, 2, int(at[i]), end))
      scores = torch.bmm(queries[i], torch.transpose(keys, 1, 2))
      if torch.ne(cap, 0.):
        capped = torch.mul_(torch.tanh_(torch.div_(scores, cap)), cap)
      else:
        capped = scores
      _1 = torch.append(out, torch.bmm(torch.softmax(capped, -1), values))
    return torch.stack(out)

  # y = x Wᵀ of a few rows, as (W xᵀ)ᵀ: libraries read W faster so, where it is in the memory.
  def rows(self: __torch__.Operators, x: Tensor, w: Tensor) -> Tensor:
    z = torch.t(torch.reshape(x, [-1, torch.size(x, -1)]))
    y = torch.contiguous(torch.t(torch.mm(w, z)))
    size = torch.slice(torch.size(x), None, -1)
    return torch.view(y, torch.add(size, [torch.size(w, 0)]))
