# Operators of generation in TorchScript, in the dialect that torch.jit.save writes. A product that
# is computed as the library does it is product().

class Operators(Module):
  __parameters__ = []
  __buffers__ = []
  def forward(self: __torch__.Operators, x: Tensor) -> Tensor:
    return x

  # softmax(q kᵀ) v from one new token of a text, of q (KV, G, D), whose key and value, new (2, KV, 1,
  # D), are written to its cache (2, KV, C, D) first. It sees the tokens from first to end, of which
  # it is the last; cap is that of the scores, or 0.
  def seen(self: __torch__.Operators, q: Tensor, new: Tensor, cache: Tensor, first: int, end: int, cap: float) -> Tensor:
    _0 = torch.copy_(torch.slice(cache, 2, torch.sub(end, 1), end), new)
    keys, values, = torch.unbind(torch.slice(cache, 2, first, end))
    scores = torch.bmm(q, torch.transpose(keys, 1, 2))
    if torch.ne(cap, 0.):
      capped = torch.mul_(torch.tanh_(torch.div_(scores, cap)), cap)
    else:
      capped = scores
    return torch.bmm(torch.softmax(capped, -1), values)

  # The same of B texts: q (B, KV, G, D), k and v (B, KV, 1, D); numbers: B first tokens that are seen,
  # B ends, the cap.
  def attention(self: __torch__.Operators, q: Tensor, k: Tensor, v: Tensor, numbers: Tensor, caches: List[Tensor]) -> Tensor:
    count = torch.len(caches)
    at = annotate(List[float], numbers.tolist())
    cap = at[torch.mul(2, count)]
    queries = torch.unbind(q)
    new = torch.unbind(torch.stack([k, v], 1))
    out = annotate(List[Tensor], [])
    for i in range(count):
      y = (self).seen(queries[i], new[i], caches[i], int(at[i]), int(at[torch.add(count, i)]), cap, )
      _0 = torch.append(out, y)
    return torch.stack(out)

  # y = x Wᵀ of a few rows x (N, in), as (W xᵀ)ᵀ: libraries read W faster so, where it is in the
  # memory. They read it slower for one row, which is therefore computed twice.
  def turned_product(self: __torch__.Operators, x: Tensor, w: Tensor) -> Tensor:
    if torch.eq(torch.size(x, 0), 1):
      twice = torch.mm(w, torch.t(torch.cat([x, x])))
      y = torch.contiguous(torch.slice(torch.t(twice), 0, 0, 1))
    else:
      y = torch.contiguous(torch.t(torch.mm(w, torch.t(x))))
    return y
  # The same of x (…, in).
  def rows(self: __torch__.Operators, x: Tensor, w: Tensor) -> Tensor:
    y = (self).turned_product(torch.reshape(x, [-1, torch.size(x, -1)]), w, )
    size = torch.slice(torch.size(x), None, -1)
    return torch.view(y, torch.add(size, [torch.size(w, 0)]))
  # x Wᵀ; where x has a graph, by an operator that keeps it.
  def linear(self: __torch__.Operators, x: Tensor, w: Tensor) -> Tensor:
    z = torch.reshape(x, [-1, torch.size(x, -1)])
    if ops.prim.requires_grad(x):
      y = torch.matmul(z, torch.t(w))
    else:
      y = (self).product(z, w, )
    size = torch.slice(torch.size(x), None, -1)
    return torch.view(y, torch.add(size, [torch.size(w, 0)]))

  # y + (x aᵀ) bᵀ of x (B, in), each row with its own of n factors: a (n, r·in), b (n, out·r), and
  # items (B) says which; empty if row i has the factors i.
  def own_term(self: __torch__.Operators, y: Tensor, x: Tensor, a: Tensor, b: Tensor, items: Tensor) -> Tensor:
    if torch.eq(torch.numel(items), 0):
      a1 = a
      b1 = b
    else:
      a1 = torch.index_select(a, 0, items)
      b1 = torch.index_select(b, 0, items)
    count = torch.size(x, 0)
    low = torch.bmm(torch.view(a1, [count, -1, torch.size(x, 1)]), torch.unsqueeze(x, 2))
    term = torch.bmm(torch.view(b1, [count, torch.size(y, 1), -1]), low)
    return torch.add_(y, torch.squeeze(term, 2))

  # y = x Wᵀ + bias + s (x Aᵀ) Bᵀ of x (N, in), where p[i] is W, and then come the bias, A, B, s and
  # items, as LinearTerms has them; empty where there is none. An input of at most `few` numbers goes
  # by turned_product().
  def adapted(self: __torch__.Operators, x: Tensor, p: List[Tensor], i: int, few: int) -> Tensor:
    if torch.gt(torch.numel(x), few):
      y = (self).product(x, p[i], )
    else:
      y = (self).turned_product(x, p[i], )
    bias = p[torch.add(i, 1)]
    if torch.ne(torch.numel(bias), 0):
      _0 = torch.add_(y, bias)
    a = p[torch.add(i, 2)]
    if torch.ne(torch.numel(a), 0):
      s = p[torch.add(i, 4)]
      if torch.ne(torch.numel(s), 0):
        low = torch.mul_(torch.mm(x, torch.t(a)), s)
        _1 = torch.addmm_(y, low, torch.t(p[torch.add(i, 3)]))
      else:
        _2 = (self).own_term(y, x, a, p[torch.add(i, 3)], p[torch.add(i, 5)], )
    return y

  # w x / √(mean(x²) + e), over the last axis
  def normed(self: __torch__.Operators, x: Tensor, w: Tensor, e: float) -> Tensor:
    r = torch.rsqrt(torch.add(torch.mean(torch.mul(x, x), [-1], True), e))
    return torch.mul_(torch.mul(x, r), w)

  # The same of heads x (B, H, D); x where w is empty.
  def normed_heads(self: __torch__.Operators, x: Tensor, w: Tensor, e: float) -> Tensor:
    if torch.eq(torch.numel(w), 0):
      y = x
    else:
      y = (self).normed(x, w, e, )
    return y

  # x cos + x' sin, where x' has the halves of the first n elements of heads x (B, H, D) exchanged.
  def turned(self: __torch__.Operators, x: Tensor, cos: Tensor, sin: Tensor, n: int) -> Tensor:
    y = torch.mul(x, torch.squeeze(cos, 2))
    if torch.ne(n, 0):
      half = torch.floordiv(n, 2)
      swapped = torch.cat([torch.slice(x, -1, half, n), torch.slice(x, -1, 0, half), torch.slice(x, -1, n)], -1)
      _0 = torch.add_(y, torch.mul_(swapped, torch.squeeze(sin, 2)))
    return y

  # Layers of a decoder, of x (B, 1, d): one new token of each of B texts, whose keys and values are
  # in caches (2 L, KV, C, D). Of each layer there are 46 arrays in parts, as LayerArguments lists
  # them; in form: KV, G, D, the place of its tables and of its numbers, and how many elements of a
  # head are turned; and four ε in epsilons. Four tables (B, 1, 1, D) lie together. numbers are those
  # of attention(), for each kind of span. A text alone may have two equal rows of everything, which
  # `rows` says; see turned_product().
  def layers(self: __torch__.Operators, x: Tensor, parts: List[Tensor], tables: List[Tensor], numbers: List[float], caches: List[Tensor], form: List[int], epsilons: List[float], rows: int, few: int) -> Tensor:
    count = torch.len(caches)
    h = torch.clone(torch.expand(torch.reshape(x, [count, -1]), [rows, -1]), memory_format=0)
    for l in range(torch.floordiv(torch.len(form), 6)):
      p = torch.mul(l, 46)
      f = torch.mul(l, 6)
      e = torch.mul(l, 4)
      heads = form[f]
      groups = form[torch.add(f, 1)]
      size = form[torch.add(f, 2)]
      t = form[torch.add(f, 3)]
      s = form[torch.add(f, 4)]
      n = form[torch.add(f, 5)]
      z = (self).normed(h, parts[p], epsilons[e], )
      q = torch.view((self).adapted(z, parts, torch.add(p, 1), few, ), [rows, -1, size])
      k = torch.view((self).adapted(z, parts, torch.add(p, 7), few, ), [rows, -1, size])
      v = torch.view((self).adapted(z, parts, torch.add(p, 13), few, ), [rows, heads, 1, size])
      q1 = (self).normed_heads(torch.slice(q, 0, 0, count), parts[torch.add(p, 25)], epsilons[torch.add(e, 1)], )
      k1 = (self).normed_heads(torch.slice(k, 0, 0, count), parts[torch.add(p, 26)], epsilons[torch.add(e, 2)], )
      q2 = (self).turned(q1, tables[t], tables[torch.add(t, 1)], n, )
      k2 = (self).turned(k1, tables[torch.add(t, 2)], tables[torch.add(t, 3)], n, )
      queries = torch.unbind(torch.view(q2, [count, heads, groups, size]))
      keys = torch.view(k2, [count, heads, 1, size])
      new = torch.unbind(torch.stack([keys, torch.slice(v, 0, 0, count)], 1))
      cap = numbers[torch.add(s, torch.mul(2, count))]
      out = annotate(List[Tensor], [])
      for i in range(count):
        cache = torch.slice(caches[i], 0, torch.mul(2, l), torch.add(torch.mul(2, l), 2))
        first = int(numbers[torch.add(s, i)])
        end = int(numbers[torch.add(torch.add(s, count), i)])
        y = (self).seen(queries[i], new[i], cache, first, end, cap, )
        _0 = torch.append(out, torch.reshape(y, [1, -1]))
      if torch.lt(count, rows):
        _1 = torch.append(out, out[0])
      attended = torch.cat(out)
      _2 = torch.add_(h, (self).adapted(attended, parts, torch.add(p, 19), few, ))
      z1 = (self).normed(h, parts[torch.add(p, 27)], epsilons[torch.add(e, 3)], )
      gate = (self).adapted(z1, parts, torch.add(p, 28), few, )
      up = (self).adapted(z1, parts, torch.add(p, 34), few, )
      _3 = torch.add_(h, (self).adapted(torch.mul_(torch.silu(gate), up), parts, torch.add(p, 40), few, ))
    return torch.view(torch.slice(h, 0, 0, count), torch.size(x))
