"""Pins the linear algebra, so that a fit gives the same bits on any x86-64 machine with AVX2. Import it before numpy.

OpenBLAS picks its kernels by the processor and splits sums by the number of threads; both change the last bits.
"""

import os

os.environ["OPENBLAS_CORETYPE"] = "Haswell"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"
