"""Pins the linear algebra, so that a fit gives the same bits on any x86-64 machine with AVX2. Import it before numpy.

OpenBLAS picks its kernels by the processor and splits sums by the number of threads, and numpy picks those of its own
functions by the processor too: with AVX-512 its exponential, for one, ends in other bits.
"""

import os
import warnings

os.environ["OPENBLAS_CORETYPE"] = "Haswell"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["NPY_DISABLE_CPU_FEATURES"] = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL"
# A processor without AVX-512 has nothing to switch off, and numpy warns of that.
warnings.filterwarnings("ignore", "During parsing environment variable", RuntimeWarning)
