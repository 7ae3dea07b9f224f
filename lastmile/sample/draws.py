"""Random numbers that are the same on every machine and under every release of numpy.

Only the raw 64-bit output of PCG64 is used: numpy promises that stream, not the streams of its
distributions. No logarithm or exponential is taken, so no last bit depends on a library.
"""

from typing import TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]


class Draws:
    """One stream for one purpose: adding a draw here moves nothing elsewhere."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._bits = np.random.PCG64([seed, crc32(purpose.encode())])

    def uniform(self, *shape: int) -> Floats:
        """Uniform in [0, 1), with 53 bits."""
        size = int(np.prod(shape, dtype=np.int64))
        raw = np.asarray(self._bits.random_raw(size), dtype=np.uint64)
        return ((raw >> np.uint64(11)).astype(np.float64) * 2.0**-53).reshape(shape)

    def below(self, limit: int, *shape: int) -> Integers:
        """Whole numbers from 0, below `limit`."""
        return (self.uniform(*shape) * limit).astype(np.int64)

    def bell(self, *shape: int) -> Floats:
        """Mean 0, variance 1, within ±3.5: a sum of four uniforms, near enough to a normal."""
        return np.asarray((self.uniform(4, *shape).sum(axis=0) - 2.0) * 3.0**0.5)

    def order(self, size: int) -> list[int]:
        """A random order of the numbers from 0, below `size`."""
        return [int(i) for i in np.argsort(self.uniform(size), kind="stable")]
