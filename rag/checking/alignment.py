"""Which words of a claim stand in a sentence of the evidence, and where."""

from __future__ import annotations

from rag.text.facts import Item, Reading


def is_same(a: Item, b: Item) -> bool:
    """Whether item `a` of the claim and `b` of the source name the same thing; limits of figures are judged later."""
    if a.number is not None and b.number is not None:
        same_unit = a.number.unit == b.number.unit or not (a.number.unit and b.number.unit)
        return same_unit and (a.number.value == b.number.value or b.number.carries(a.number))
    if a.kind == "date" and b.kind == "date":
        return a.key == b.key or b.key.startswith(a.key + "-")
    return a.key == b.key


def align(claim: Reading, source: Reading) -> dict[int, int]:
    """Positions of the claim's content items to positions of the source's: a longest common subsequence first
    (Wagner and Fischer 1974), then what is left over, each to the nearest free equal."""
    a, b = claim.content, source.content
    same = [[is_same(claim.items[i], source.items[j]) for j in b] for i in a]
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) - 1, -1, -1):
        row, below, equal = table[i], table[i + 1], same[i]
        for j in range(len(b) - 1, -1, -1):
            row[j] = below[j + 1] + 1 if equal[j] else (below[j] if below[j] >= row[j + 1] else row[j + 1])
    pairs: dict[int, int] = {}
    i = j = 0
    while i < len(a) and j < len(b):
        if same[i][j] and table[i][j] == table[i + 1][j + 1] + 1:
            pairs[a[i]] = b[j]
            i, j = i + 1, j + 1
        elif table[i + 1][j] >= table[i][j + 1]:
            i += 1
        else:
            j += 1
    taken = set(pairs.values())
    for i, n in enumerate(a):
        if n not in pairs:
            free = [k for j, k in enumerate(b) if same[i][j] and k not in taken]
            if free:
                pairs[n] = min(free, key=lambda k: abs(k - n))
                taken.add(pairs[n])
    return pairs


def gap_of(n: int, claim: Reading, pairs: dict[int, int], end: int) -> range:
    """Where the source would have item `n` of the claim: between the matches of its neighbours."""
    before = next((pairs[k] for k in reversed(claim.content) if k < n and k in pairs), None)
    after = next((pairs[k] for k in claim.content if k > n and k in pairs), None)
    if before is None and after is None:
        return range(0)
    if before is None:
        return range(max(0, (after or 0) - 6), after or 0)
    if after is None or after < before:
        return range(before + 1, min(end, before + 7))
    return range(before + 1, after)


def is_in_one_list(source: Reading, n: int, gap: range) -> bool:
    """Whether item `n` and the gap belong to one enumeration, "A, B and C", whose order says nothing."""
    first, last = min(n, gap.start), max(n + 1, gap.stop)
    between = source.items[first:last]
    return all(i.kind == "name" or i.text in (",", "and", "or", "the") for i in between)


def initials_of(reading: Reading, n: int) -> str:
    """First letters of the run of names around item `n`."""
    low = high = n
    while low > 0 and reading.items[low - 1].kind == "name":
        low -= 1
    while high + 1 < len(reading.items) and reading.items[high + 1].kind == "name":
        high += 1
    return "".join(item.text[0].lower() for item in reading.items[low : high + 1])
